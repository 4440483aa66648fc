/// What settings of the deployment guide can ask for and this build lacks. The relay never starts on half of what it
/// was told: what is here is refused by key and line. What gets built goes from here.
enum Feature: String, Sendable, CaseIterable {
    case cluster, kafka

    /// As in "asks for …".
    var title: String {
        switch self {
        case .cluster: "clustering"
        case .kafka: "messages between regions over Kafka"
        }
    }

    /// What a build without it does, and what to do about that.
    var advice: String {
        switch self {
        case .cluster:
            "This build is one relay that knows no other. Say `cluster.enabled: false`: a second relay would "
                + "acknowledge messages into a queue that the first never reads."
        case .kafka:
            "This build moves no messages between regions. Remove the section `kafka`."
        }
    }
}
