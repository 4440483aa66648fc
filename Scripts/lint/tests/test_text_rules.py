import unittest

from Scripts.lint.text_rules import MAX_LINES, name_findings, size_findings, swift_findings, text_findings


def lines(findings):
    return [finding.line for finding in findings]


class SwiftRules(unittest.TestCase):
    def says_no(self, text, path="Sources/Room/File.swift", at=1):
        self.assertEqual(lines(swift_findings(path, text)), [at], text)

    def says_nothing(self, text, path="Sources/Room/File.swift"):
        self.assertEqual(list(swift_findings(path, text)), [], text)

    def test_try_and_fatal_error(self):
        self.says_no("let a = try! b()")
        self.says_no("let a = try! b()", path="Tests/RoomTests/File.swift")
        self.says_no('guard x else { fatalError("no") }')
        self.says_nothing('guard x else { fatalError("no") }', path="Tests/RoomTests/File.swift")

    def test_words_in_comments_and_literals_are_not_code(self):
        self.says_nothing("// a try! here\n/* fatalError( /* try! */ fatalError( */ let x = 1")
        self.says_nothing('let text = "try! \\" fatalError("\nlet raw = #"a " try! "#')
        self.says_nothing('let text = """\n    struct Helper { try! }\n    """')
        self.says_no('let text = """\n    "\n    """\nlet a = try! b()', at=4)

    def test_unchecked_needs_a_reason(self):
        self.says_no("final class A: @unchecked Sendable {}")
        self.says_no("nonisolated(unsafe) var a = 1")
        self.says_nothing("// Confined to its event loop.\nfinal class A: @unchecked Sendable {}")
        self.says_nothing("nonisolated(unsafe) var a = 1  // set once before any thread starts")
        self.says_nothing("// Attributes may stand between.\n@usableFromInline\nstruct A: @unchecked Sendable {}")
        self.says_no("// Far away.\n\nfinal class A: @unchecked Sendable {}", at=3)

    def test_vague_types(self):
        self.says_no("struct ConnectionManager {}")
        self.says_no("enum Utils {}")
        self.says_nothing("extension FileManager {}\nlet c = FileManager.default\nstruct Database {}")

    def test_tasks_and_queues(self):
        self.says_no("Task.detached { await a() }")
        self.says_no("try await Task.sleep(for: .seconds(1))", path="Tests/RoomTests/File.swift")
        self.says_nothing("try await Task.sleep(for: .seconds(1))")
        self.says_no("let (a, b) = AsyncStream.makeStream(of: Int.self)")
        self.says_no("return AsyncStream<Int> { continuation in }")
        self.says_nothing("AsyncStream.makeStream(\n    of: Int.self,\n    bufferingPolicy: .bufferingOldest(8)\n)")

    def test_comment_noise(self):
        self.says_no("// ----------------")
        self.says_no("let a = 1  // TODO: more")

    def test_long_comments(self):
        self.says_no("    /// " + "a" * 113)
        self.says_nothing("    /// " + "a" * 112 + "\nlet a = \"" + "a" * 120 + "\"")


class FileRules(unittest.TestCase):
    def test_conflict_markers_and_trailing_space(self):
        text = "a\n<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\nd \n"
        self.assertEqual(lines(text_findings("README.md", text)), [2, 4, 6, 7])
        self.assertEqual(list(text_findings("README.md", "Title\n========\n")), [])
        self.assertEqual(list(text_findings("Tests/RoomTests/Golden/help.txt", "usage: \n")), [])

    def test_length(self):
        self.assertEqual(list(size_findings("Sources/Room/File.swift", "a\n" * MAX_LINES)), [])
        self.assertEqual(len(list(size_findings("Sources/Room/File.swift", "a\n" * (MAX_LINES + 1)))), 1)
        self.assertEqual(len(list(size_findings("Tests/PythonAgent/file.py", "a\n" * (MAX_LINES + 1)))), 1)
        self.assertEqual(list(size_findings("docs/protocol.md", "a\n" * 900)), [])

    def test_file_and_folder_names(self):
        for path in ("Sources/Room/HubManager.swift", "Sources/Utils/Hex.swift", "Sources/Room/Socket+Helpers.swift"):
            self.assertEqual(len(list(name_findings(path))), 1, path)
        self.assertEqual(list(name_findings("Sources/Room/Database.swift")), [])


if __name__ == "__main__":
    unittest.main()
