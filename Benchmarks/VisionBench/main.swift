// Times each stage around a detector's inference, on one thread:
//   VisionBench OUTPUT.npy PHOTO...
// OUTPUT.npy holds a [1, 84, 8400] float32 answer. Prints the least and the median of many runs.
import Glibc
import Imaging
import Inference
import Vision

let arguments = CommandLine.arguments.dropFirst()
guard let outputPath = arguments.first, arguments.count > 1 else {
  print("usage: VisionBench OUTPUT.npy PHOTO...")
  exit(2)
}
let signature = ModelSignature(
  inputs: [
    TensorDescription(
      name: "images", datatype: .float32, dimensions: [1, 3, 640, 640].map { .fixed($0) })
  ],
  outputs: [
    TensorDescription(
      name: "output0", datatype: .float32, dimensions: [1, 84, 8400].map { .fixed($0) })
  ], hasRowAxis: true)
let task = VisionTask.recognise(signature: signature)
var full = VisionOptions()
full.isScaledDecoding = false
let fullTask = VisionTask.recognise(signature: signature, options: full)
let answer = NamedTensor(name: "output0", tensor: readArray(outputPath))

for path in arguments.dropFirst() {
  let file = readFile(path)
  print(path, file.count, "bytes")
  try file.withUnsafeBytes { bytes in try measurePhoto(bytes) }
}

func measurePhoto(_ bytes: UnsafeRawBufferPointer) throws {
  let image = try task.decode(photo: bytes)
  let prepared = try task.prepare(image)
  var parameters = DetectionParameters()
  let found = try task.detections(in: [answer], of: prepared, parameters: parameters)
  print("  \(image.originalWidth)x\(image.originalHeight), decoded \(image.width)x\(image.height)")
  try report("header") { _ = try EncodedImage(bytes) }
  try report("decode, full size") { _ = try fullTask.decode(photo: bytes) }
  try report("decode") { _ = try task.decode(photo: bytes) }
  try report("letterbox, normalise, planes") { _ = try task.prepare(image) }
  try report("decode and prepare") { _ = try task.prepare(photo: bytes) }
  try report("detections (\(found.count))") {
    _ = try task.detections(in: [answer], of: prepared, parameters: parameters)
  }
  parameters.confidence = 0.001
  parameters.iou = 0.7
  parameters.isMultiLabel = true
  let many = try task.detections(in: [answer], of: prepared, parameters: parameters)
  try report("detections, all classes above 0.001 (\(many.count))") {
    _ = try task.detections(in: [answer], of: prepared, parameters: parameters)
  }
  parameters.confidence = 0
  try report("detections, all classes above 0") {
    _ = try task.detections(in: [answer], of: prepared, parameters: parameters)
  }
  try report("annotated photo") { _ = try task.annotated(photo: bytes, detections: found) }
}

func report(_ stage: String, _ body: () throws -> Void) throws {
  var times: [Double] = []
  let clock = ContinuousClock()
  let end = clock.now + .milliseconds(400)
  while clock.now < end || times.count < 20 {
    let time = try clock.measure(body)
    times.append(Double(time.components.attoseconds) / 1e12)
  }
  times.sort()
  let name = stage + String(repeating: " ", count: max(0, 50 - stage.count))
  print("  \(name) least \(rounded(times[0])) us, median \(rounded(times[times.count / 2])) us")
}

func rounded(_ microseconds: Double) -> Double { (microseconds * 10).rounded() / 10 }

func readArray(_ path: String) -> Tensor {
  let file = readFile(path)
  let header = 10 + Int(file[8]) + Int(file[9]) << 8
  return Tensor(Array(file[header...]), datatype: .float32, shape: [1, 84, 8400])
}

func readFile(_ path: String) -> [UInt8] {
  guard let file = fopen(path, "rb") else {
    print("cannot read \(path)")
    exit(1)
  }
  defer { fclose(file) }
  fseek(file, 0, SEEK_END)
  let count = ftell(file)
  rewind(file)
  return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    filled = fread(buffer.baseAddress, 1, count, file)
  }
}
