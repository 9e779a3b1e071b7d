import Inference
import WireFormats

@testable import LoadTesting

/// An array, or an archive of them, has the elements that its shape says.
func fuzzNumpy(_ bytes: UnsafeRawBufferPointer) {
  do throws(InputProblem) {
    requireWhole(try NumpyFile(bytes, name: "x").tensor)
  } catch {
    requireSentence(error)
  }
  do throws(InputProblem) {
    let archive = try NumpyArchive(bytes, unpackedBytesMax: 1 << 20)
    require(archive.arrays.count <= NumpyArchive.arrayCountMax, "few arrays")
    for array in archive.arrays { requireWhole(array.tensor) }
  } catch {
    requireSentence(error)
  }
}

private func requireWhole(_ tensor: Tensor) {
  let expected = tensor.elementCount * (tensor.datatype.elementByteCount ?? 1)
  require(tensor.byteCount == expected, "\(tensor.shape) of \(tensor.datatype)")
  if tensor.shape.rank > 0, tensor.shape[0] > 0 { _ = tensor.rows(0..<1) }
}

/// Annotations that are taken have photos and classes that there are, and can be scored.
func fuzzCoco(_ bytes: UnsafeRawBufferPointer) {
  guard let document = try? JSONValue(parsing: bytes) else { return }
  do throws(SampleProblem) {
    let set = try CocoSet(document)
    require(set.photos.allSatisfy { !$0.fileName.contains("../") }, "files of the folder")
    let pairs = set.categories.map { category in
      set.photos.map { photo in
        let truths = photo.truths[category.id] ?? []
        let found = truths.map { CocoScore.Found(box: $0.box, score: 0.5) }
        return CocoScore.Pair(truths: truths, found: found)
      }
    }
    let mean = CocoScore(pairs, size: .all).mean ?? 0
    require((0...1).contains(mean), "a mean of precisions: \(mean)")
  } catch {
    require(!error.description.isEmpty, "a sentence")
  }
}

/// What a server answers is read, or none of the dialect; either way by itself equal.
func fuzzServerAnswers(_ bytes: UnsafeRawBufferPointer) {
  let answer = Array(bytes)
  let all = [
    OpenInferenceAnswers.tensors(in: bytes).map { AnswerContent.tensors($0) },
    PredictAnswers.content(of: answer), PredictAnswers.content(of: answer, mayBeBare: true),
    CSVText.content(of: answer),
  ]
  for content in all.compactMap({ $0 }) {
    require(content.difference(from: content) == .none, "an answer is equal to itself")
  }
}
