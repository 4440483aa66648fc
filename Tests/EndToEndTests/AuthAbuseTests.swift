import Testing

extension EndToEnd {
    /// Ways in that must not be any (Tests/PythonAgent/abuse.py has what each does), and the answer to each.
    @Suite struct AuthAbuseTests {
        private static let letIn = [
            ("nothing_wrong", "alive"),
            ("nothing_wrong_bound", "alive"),
        ]

        private static let refused = [
            ("the_same_auth_again", "4001 AUTH_SIGNATURE_INVALID"),
            ("an_old_challenge", "4001 AUTH_SIGNATURE_INVALID"),
            ("the_same_bound_auth_again", "4001 AUTH_SIGNATURE_INVALID"),
            ("another_nonce", "4001 AUTH_SIGNATURE_INVALID"),

            ("another_keys_signature", "4001 AUTH_SIGNATURE_INVALID"),
            ("another_key_for_a_taken_id", "4001 AUTH_KEY_PINNED"),
            ("another_agents_id", "4001 AUTH_AGENT_MISMATCH"),
            ("s_plus_l", "4001 AUTH_SIGNATURE_INVALID"),
            ("s_of_ones", "4001 AUTH_SIGNATURE_INVALID"),
            ("a_signature_of_zeros", "4001 AUTH_SIGNATURE_INVALID"),
            ("keys_of_small_order", "4001 AUTH_SIGNATURE_INVALID"),
            ("keys_in_a_second_encoding", "4001 AUTH_SIGNATURE_INVALID"),

            ("a_challenge_passed_on", "4001 AUTH_SIGNATURE_INVALID"),
            ("a_challenge_passed_on_and_renamed", "4001 AUTH_SIGNATURE_INVALID"),
            ("a_challenge_of_another_relay", "4001 AUTH_SIGNATURE_INVALID"),
            ("plain_where_bound_was_agreed", "1002 PROTOCOL_ERROR"),
            ("plain_signature_where_bound_was_agreed", "4001 AUTH_SIGNATURE_INVALID"),
            ("bound_signature_where_plain_was_agreed", "4001 AUTH_SIGNATURE_INVALID"),

            ("message_instead_of_hello", "1002 AUTH_REQUIRED"),
            ("message_instead_of_auth", "1002 AUTH_REQUIRED"),
            ("message_behind_auth", "1002 AUTH_REQUIRED"),
            ("a_second_auth_at_once", "1002 PROTOCOL_ERROR"),
            ("a_second_auth", "1002 PROTOCOL_ERROR"),
            ("a_second_hello", "1002 PROTOCOL_ERROR"),
            ("another_senders_message", "alive SENDER_MISMATCH"),
        ]

        /// One relay for all of them: what one leaves behind must not help the next.
        @Test func everyWayIsClosed() async throws {
            let relay = try await Relay.start([
                "server.public_names": ["relay.example.com"], "limits.failed_auth_per_agent_per_hour": 0,
            ])
            let abuser = try PythonAgent("abuser")
            for (way, word) in Self.letIn + Self.refused {
                let answer = try await abuser.tell("abuse", ["address": .string(relay.websocket), "way": .string(way)])
                #expect(answer.json["word"].string == word, "\(way)")
            }
            let scrape = try await relay.scrape { $0.sum("moltrelay_connections_active") == 0 }
            #expect(scrape.sum("moltrelay_connections_active") == 0)
            #expect(scrape.sum("moltrelay_messages_total") == 0, "somebody got a message in")
        }
    }
}
