import CFuzzer
import Glibc

// `Decoders TARGET OPTIONS...` gives the target and the options, which are libFuzzer's, to libFuzzer;
// without arguments it lists the targets.

guard CommandLine.argc > 1 else {
  print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
  exit(0)
}
guard let target = FuzzTarget.all.first(where: { $0.name == CommandLine.arguments[1] }) else {
  print("no target is called \(CommandLine.arguments[1])")
  exit(2)
}
FuzzTarget.chosen = target

// The target's name is taken out: libFuzzer reads what is no option as a folder of inputs.
CommandLine.unsafeArgv[1] = CommandLine.unsafeArgv[0]
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
var argumentCount = CommandLine.argc - 1
exit(LLVMFuzzerRunDriver(&argumentCount, &arguments, LLVMFuzzerTestOneInput))
