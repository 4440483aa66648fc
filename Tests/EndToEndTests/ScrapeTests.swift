import Testing

@Suite struct ScrapeTests {
    @Test func readsEveryShapeOfLine() throws {
        let text = """
            # HELP a_total Things.
            # TYPE a_total counter
            a_total 3
            a_total{kind="x",note="a \\"b\\" \\\\ \\n, }"} 4.5
            b_bucket{le="+Inf"} +Inf 1700000000000
            """
        let scrape = try Scrape(text)
        #expect(scrape.sum("a_total") == 7.5)
        #expect(scrape.sum("a_total", ["kind": "x"]) == 4.5)
        #expect(scrape.samples[1].labels["note"] == "a \"b\" \\ \n, }")
        #expect(scrape.sum("b_bucket", ["le": "+Inf"]) == .infinity)
        #expect(scrape.sum("c_total") == nil)
    }

    @Test(arguments: ["a_total", "a_total{x=\"1\" 2", "a_total{x=1} 2", "a_total three"])
    func refusesWhatIsNotAScrape(_ line: String) {
        #expect(throws: Scrape.Unreadable.self) { try Scrape(line) }
    }
}
