import ArgumentParser
import Foundation
import RelayAdmin

struct QueueImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Put back what `queue export` wrote.",
        discussion: """
            The messages count as accepted now and keep their time to live. What is queued already is no second message; \
            what its recipient has acknowledged since the export is delivered again. Lines that are wrong are told by \
            their number and left out, all others are taken.

            Exit codes: 0 all were taken or had expired, 1 some were not, or the file is cut short, 64 wrong usage, \
            66 there is no such file, 69 no relay answered, or it refused.

            Examples:
              moltrelay queue import queue.jsonl --check
              moltrelay queue import queue.jsonl
              gunzip < agent-7.jsonl.gz | moltrelay queue import -
            """
    )

    @OptionGroup var relay: AskedRelay

    @Flag(help: "Only look at every line.")
    var check = false

    @Flag(help: "Print one JSON object, as docs/admin-api.md describes it.")
    var json = false

    @Argument(help: ArgumentHelp("What was exported; - is standard input.", valueName: "file"))
    var file: String

    func run() throws {
        var lines = try ExportLines(file)
        var sum = ImportSum()
        do throws(ExportLines.Unusable) {
            while let batch = try lines.next() {
                guard !batch.isEmpty else { continue }
                let document = try ask(batch)
                sum.add(document, from: batch)
            }
        } catch {
            if let code = error.exit { throw code }
            sum.complaints.append(error.reason)
        }
        try tell(sum)
        if !sum.complaints.isEmpty { throw ExitCode(1) }
    }

    private func ask(_ batch: ExportLines.Batch) throws(ExportLines.Unusable) -> ImportDocument {
        do {
            return try relay.ask(as: "queue import", within: QueueCommand.patience) { client throws(AdminClientError) in
                try client.importRows(batch.bytes, check: check)
            }
        } catch {
            throw ExportLines.Unusable(reason: "", exit: error as? ExitCode ?? ExitCode(69))
        }
    }

    private func tell(_ sum: ImportSum) throws {
        for complaint in sum.complaints { try Terminal.note("\(file): \(Terminal.harmless(complaint))") }
        if json {
            let document = ImportDocument(taken: sum.taken, expired: sum.expired, refused: sum.refused)
            return print(try jsonLine(document))
        }
        let verb = check ? "can be imported" : "imported"
        let expired = sum.expired > 0 ? ", \(sum.expired) expired" : ""
        let refused = sum.refused.isEmpty ? "" : ", \(sum.refused.count) refused"
        print("\(counted(sum.taken, "message")) \(verb)\(expired)\(refused)")
    }
}

/// Of all batches; a refused row by its line.
private struct ImportSum {
    var taken = 0
    var expired = 0
    var refused: [ImportDocument.Refused] = []
    var complaints: [String] = []

    mutating func add(_ document: ImportDocument, from batch: ExportLines.Batch) {
        taken += document.taken
        expired += document.expired
        for row in document.refused {
            let line = batch.firstLine + row.row
            refused.append(ImportDocument.Refused(row: line, reason: row.reason))
            complaints.append("line \(line): \(row.reason)")
        }
    }
}
