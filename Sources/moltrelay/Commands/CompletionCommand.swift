import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a completion script for a shell.",
        discussion: """
            bash:  moltrelay completion bash > /etc/bash_completion.d/moltrelay
            zsh:   moltrelay completion zsh > "${fpath[1]}/_moltrelay"
            fish:  moltrelay completion fish > ~/.config/fish/completions/moltrelay.fish
            """
    )

    enum Shell: String, CaseIterable, ExpressibleByArgument {
        case bash, zsh, fish

        var completionShell: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell

    func run() {
        print(MoltRelay.completionScript(for: shell.completionShell))
    }
}
