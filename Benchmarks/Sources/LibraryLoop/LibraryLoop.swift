import Apus
import Rounds

/// Calls a model through the library in a loop, as a program that embeds it would:
///
///     LibraryLoop MODEL INPUT-FILE INPUT-SHAPE INSTANCES
///
/// Orders come from standard input, see `Rounds`. Each caller is a task.
@main
struct LibraryLoop {
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 5, let instances = Int(arguments[4]) else {
      fatalError("usage: LibraryLoop MODEL INPUT-FILE INPUT-SHAPE INSTANCES")
    }
    var options = Model.Options()
    options.instances = instances
    let model = try await Model.load(arguments[1], options: options)
    let tensor = try Tensor(FloatFile.read(arguments[2]), shape: shape(arguments[3]))
    let inputs = [model.inputs[0].name: tensor]
    await Rounds.serve { round in
      await withTaskGroup(of: [UInt64].self) { group in
        for _ in 0..<round.callerCount {
          group.addTask { await call(model, inputs, until: round.end) }
        }
        return await group.reduce(into: []) { $0 += $1 }
      }
    }
  }

  private static func call(
    _ model: Model, _ inputs: [String: Tensor], until end: UInt64
  ) async -> [UInt64] {
    var durations: [UInt64] = []
    var begin = Clock.now
    while begin < end {
      do throws(ModelError) {
        _ = try await model.predict(inputs)
      } catch {
        fatalError("\(error)")
      }
      let now = Clock.now
      durations.append(now - begin)
      begin = now
    }
    return durations
  }
}
