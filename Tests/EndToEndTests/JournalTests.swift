import JournalFixture
import Testing

extension EndToEnd {
    @Suite struct JournalTests {
        private func started(_ journal: RealJournal) throws -> [String: Any] {
            try #require(try journal.entries(1, "SYSLOG_IDENTIFIER=moltrelay", "MESSAGE=relay started").first)
        }

        @Test func theLogIsInTheJournalWithFieldsOfItsOwn() async throws {
            let journal = try RealJournal()
            let folder = try RelayFolder(["logging.output": "journald"])
            let relay = try await Relay.startUnheard(in: folder, wrapper: journal.entering)
            #expect(try await relay.command("log-level", "debug", "--for", "1h").ending == .exit(0))
            let start = try started(journal)
            #expect(start["WEBSOCKET"] as? String == relay.websocket)
            #expect(start["PRIORITY"] as? String == "5")
            #expect(start["LOGGER"] as? String == "moltrelay")
            #expect(start["_TRANSPORT"] as? String == "journal")
            let changed = try journal.entries(1, "MOLTRELAY_EVENT=log_level_changed").first
            #expect(changed?["TO"] as? String == "debug")
            #expect(await relay.stop() == .exit(0))
            _ = await relay.process.line { _ in false }
            #expect(relay.process.output.lines == [])
        }

        /// systemd-cat connects what it runs with the journal as a unit is, and the shell names the stream as systemd
        /// does.
        private func unit(in journal: RealJournal) -> [String] {
            let script = #"export JOURNAL_STREAM="$(stat -L -c %d:%i /proc/self/fd/2)"; exec "$@""#
            return journal.entering + ["systemd-cat", "--identifier=printed", "bash", "-c", script, "-"]
        }

        @Test func underSystemdTheJournalIsTheDefault() async throws {
            let journal = try RealJournal()
            let folder = try RelayFolder(["logging.output": nil])
            let relay = try await Relay.startUnheard(in: folder, wrapper: unit(in: journal))
            #expect(try started(journal)["_TRANSPORT"] as? String == "journal")
            #expect(await relay.stop() == .exit(0))
        }

        @Test func underSystemdAnOutputThatIsConfiguredIsUsed() async throws {
            let journal = try RealJournal()
            let relay = try await Relay.startUnheard(in: RelayFolder(), wrapper: unit(in: journal))
            let line = try #require(try journal.entries(1, "SYSLOG_IDENTIFIER=printed").first?["MESSAGE"] as? String)
            #expect(try JSON(parsing: line)["level"].string != nil, "\(line)")
            #expect(await relay.stop() == .exit(0))
        }

        @Test func whereThereIsNoJournalTheStartFailsAndSaysSo() async throws {
            let journal = try RealJournal()
            let remove = journal.entering + ["rm", "/run/systemd/journal/socket"]
            #expect(try await Programs.run("env", remove).ending == .exit(0))
            let folder = try RelayFolder(["logging.output": "journald"])
            let process = try Relay.launch(in: folder, wrapper: journal.entering)
            let line = await process.line { $0.contains("no socket at /run/systemd/journal/socket") }
            #expect(line != nil, "\(process.output.lines)")
            #expect(await process.end() == .exit(1))
            withExtendedLifetime(folder) {}
        }
    }
}
