import Inference
import WireFormats

/// Measures decoding and encoding of 1x3x640x640 floats as V2 JSON, in three forms of text.
///
/// `codec-bench [folder]` also writes the documents to `folder`, where `codec_peers.py` reads them.
let arguments = CommandLine.arguments
let folder = arguments.count > 1 ? arguments[1] : nil
for form in TextForm.allCases {
  let document = form.document()
  if let folder { writeFile(document, "\(folder)/\(form.rawValue).json") }
  measureDecoding(document, form)
}
measureEncoding()
measureSmallRequest()
measureDialects()
