import unittest

from Scripts.lint.import_rules import import_findings, imports


def target(name, *dependencies, kind="regular", path=None):
    shapes = [{"byName": [d, None]} if isinstance(d, str) else {"product": [d[0], d[1], None, None]} for d in dependencies]
    return {"name": name, "type": kind, "path": path, "dependencies": shapes}


def findings(targets, sources):
    return [(f.path, f.line) for f in import_findings({"targets": targets}, sources)]


class Imports(unittest.TestCase):
    def test_every_form_is_seen(self):
        text = "\n".join([
            "import A", "public import B", "@testable import C", "@preconcurrency internal import D",
            "import struct E.Thing", "@_spi(X) import F", "// import G", 'let s = "import H"', "    import I",
        ])
        self.assertEqual([module for _, module in imports(text)], ["A", "B", "C", "D", "E", "F", "I"])

    def test_undeclared(self):
        nio = ("NIOCore", "swift-nio")
        sources = {"Sources/RelayCore/A.swift": "import FoundationEssentials\nimport NIOCore\nimport NIOConcurrencyHelpers\n"}
        self.assertEqual(findings([target("RelayCore", nio)], sources), [("Sources/RelayCore/A.swift", 3)])

    def test_testing_is_for_tests(self):
        sources = {"Sources/RelayCore/A.swift": "import Testing\n", "Tests/RelayCoreTests/A.swift": "import Testing\n"}
        targets = [target("RelayCore"), target("RelayCoreTests", kind="test")]
        self.assertEqual(findings(targets, sources), [("Sources/RelayCore/A.swift", 1)])

    def test_declared_and_unused(self):
        self.assertEqual(findings([target("RelayCore", "CZlib")], {}), [("Package.swift", 1)])
        built_first = [target("moltrelay", kind="executable"), target("EndToEndTests", "moltrelay", kind="test")]
        self.assertEqual(findings(built_first, {}), [])

    def test_upwards(self):
        targets = [target("WireProtocol", "RelayCore"), target("RelayCore")]
        sources = {"Sources/WireProtocol/A.swift": "import RelayCore\n"}
        self.assertEqual(findings(targets, sources), [("Sources/WireProtocol/A.swift", 1)])

    def test_siblings(self):
        targets = [target("RelayStores", "RelayTransport"), target("RelayTransport")]
        sources = {"Sources/RelayStores/A.swift": "import RelayTransport\n"}
        self.assertEqual(findings(targets, sources), [("Sources/RelayStores/A.swift", 1)])

    def test_core_knows_no_socket_and_no_metrics(self):
        for module in ("NIOPosix", "Metrics", "Tracing"):
            for room in ("RelayCore", "WireProtocol"):
                sources = {f"Sources/{room}/A.swift": f"import {module}\n"}
                found = findings([target(room, (module, "p"))], sources)
                self.assertEqual(found, [(f"Sources/{room}/A.swift", 1)], (room, module))

    def test_unknown_room(self):
        targets = [target("Shed", "WireProtocol"), target("WireProtocol")]
        found = findings(targets, {"Sources/Shed/A.swift": "import WireProtocol\n"})
        self.assertEqual(found, [("Sources/Shed/A.swift", 1)])

    def test_executable_knows_everybody(self):
        targets = [target("moltrelay", "RelayCore", kind="executable"), target("RelayCore")]
        self.assertEqual(findings(targets, {"Sources/moltrelay/A.swift": "import RelayCore\n"}), [])


if __name__ == "__main__":
    unittest.main()
