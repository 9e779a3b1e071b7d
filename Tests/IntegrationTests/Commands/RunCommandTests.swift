import Testing

@Suite struct RunCommandTests {
  private let row = "5.1,3.5,1.4,0.2\n"
  private let header = "petal width (cm),petal length (cm),sepal width (cm),sepal length (cm)\n"

  // MARK: Rows

  @Test func `predicts rows of standard input`() throws {
    let result = try ChildProcess.run(["run", "iris", "-"], input: Array((row + row).utf8))
    #expect(result.status == 0)
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(
      lines[0].split(separator: " ") == ["row", "label", "setosa", "versicolor", "virginica"])
    #expect(lines[1].contains("0.98"))
  }

  @Test func `matches columns by the names of the model's features`() throws {
    let folder = try TemporaryFolder()
    let straight = try folder.write(row, to: "straight.csv")
    let turned = try folder.write(header + "0.2,1.4,3.5,5.1\n", to: "turned.csv")
    let result = try ChildProcess.run(["run", "iris", straight, turned, "--json"])
    #expect(result.status == 0)
    let lines = try result.output.split(separator: "\n").map { try JSONDocument($0) }
    #expect(lines.count == 2)
    let scores = lines.map { $0["outputs"][1]["data"].elements.map(\.number) }
    #expect(scores[0] == scores[1])
    #expect(lines[0]["model_name"].text == "iris")
    #expect(lines[0]["outputs"][1]["name"].text == "probabilities")
  }

  @Test func `answers a request of the Open Inference Protocol`() throws {
    let body = """
      {"id": "a", "inputs": [{"name": "features", "shape": [1, 4], "datatype": "FP32",
       "data": [6.7, 3.0, 5.2, 2.3]}], "outputs": [{"name": "label"}]}
      """
    let result = try ChildProcess.run(["run", "iris", "-", "--json"], input: Array(body.utf8))
    #expect(result.status == 0)
    let answer = try JSONDocument(result.output)
    #expect(answer["id"].text == "a")
    #expect(answer["outputs"].count == 1)
    #expect(answer["outputs"][0]["data"][0].number == 2)
  }

  // MARK: Photos

  @Test func `finds the drawn shapes that expected_json lists`() throws {
    let expected = try JSONDocument(
      String(decoding: try TemporaryFolder.bytes("models/shapes/expected.json"), as: UTF8.self))
    let wanted = expected["detections"]["example-1.png"].elements
    let result = try ChildProcess.run(["run", "shapes", "models/shapes/example-1.png", "--json"])
    #expect(result.status == 0)
    let answer = try JSONDocument(result.output)
    let found = answer["detections"].elements
    #expect(answer["image"]["width"].number == 640)
    #expect(!wanted.isEmpty)
    #expect(found.map { $0["label"].text } == wanted.map { $0["label"].text })
    for (one, other) in zip(found, wanted) {
      #expect(abs((one["score"].number ?? 9) - (other["score"].number ?? 0)) < 0.01)
      for edge in ["x1", "y1", "x2", "y2"] {
        #expect(abs((one["box"][edge].number ?? 9e9) - (other["box"][edge].number ?? 0)) < 2)
      }
    }
  }

  @Test func `writes annotated photos into a directory, each named after its input`() throws {
    let folder = try TemporaryFolder()
    let photos = (1...3).map { "models/shapes/example-\($0).png" }
    let result = try ChildProcess.run(
      ["run", "shapes"] + photos + ["--output", "\(folder.path)/out"])
    #expect(result.status == 0)
    for number in 1...3 {
      let jpeg = try folder.bytes("out/example-\(number).jpg")
      #expect(jpeg.starts(with: [0xFF, 0xD8, 0xFF]))
      #expect(jpeg.suffix(2) == [0xFF, 0xD9])
    }
  }

  @Test func `one bad input fails alone`() throws {
    let folder = try TemporaryFolder()
    let broken = try folder.write(
      Array(try TemporaryFolder.bytes("models/shapes/example-1.png").prefix(5_000)), to: "half.png")
    let result = try ChildProcess.run([
      "run", "shapes", "models/shapes/example-1.png", broken, "/nowhere.png",
      "models/shapes/example-2.png", "--json",
    ])
    #expect(result.status == 1)
    let lines = try result.output.split(separator: "\n").map { try JSONDocument($0) }
    #expect(lines.map { $0["error"].text == nil } == [true, false, false, true])
    #expect(result.errors.contains("half.png: "))
    #expect(result.errors.contains("/nowhere.png: No such file"))
    #expect(result.errors.contains("2 of 4 failed"))
  }

  @Test func `the threshold decides what is found`() throws {
    let result = try ChildProcess.run([
      "run", "shapes", "models/shapes/example-1.png", "--confidence", "1", "--json",
    ])
    #expect(try JSONDocument(result.output)["detections"].count == 0)
    #expect(result.status == 0)
  }

  // MARK: Wrong usage

  @Test(arguments: [
    (["run"], "<model>"), (["run", "iris"], "<inputs>"),
    (["run", "iris", "-", "--confidence", "2"], "number from 0 to 1"),
    (["run", "iris", "-", "--top", "0"], "integer from 1"),
    (["run", "iris", "-", "--runtime-threads", "x"], "runtime-threads"),
    (["run", "iris", "-", "--task", "guess"], "detect, classify or none"),
    (["run", "iris", "-", "-"], "once only"), (["run", "iris", "x", "--fast"], "--fast"),
    (["walk"], "walk"),
    (["run", "shapes", "a/x.png", "b/x.png", "--output", "out"], "another input is called x.png"),
  ])
  func `wrong usage ends with 2 and says why`(arguments: [String], words: String) throws {
    let result = try ChildProcess.run(arguments)
    #expect(result.status == 2)
    #expect(result.errors.contains(words), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test(arguments: [
    (["run", "no-such-model.onnx", "x.jpg"], "no-such-model.onnx: No such file"),
    (["run", "models/README.md", "x.jpg"], "supported are ONNX"),
    (["run", "iris", "models/shapes/example-1.png"], "it is for `none`"),
    (["run", "shapes", "models/README.md"], "not an image"),
  ])
  func `what cannot be done ends with 1 and says why`(arguments: [String], words: String) throws {
    let result = try ChildProcess.run(arguments)
    #expect(result.status == 1)
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test func `names the cell that is no number`() throws {
    let result = try ChildProcess.run(["run", "iris", "-"], input: Array("1,2,x,4\n".utf8))
    #expect(result.status == 1)
    #expect(result.errors.contains("row 1, column 3: `x` is no number"))
  }
}
