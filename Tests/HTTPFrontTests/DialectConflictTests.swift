import Inference
import Synchronization
import TestSupport
import Testing

@testable import HTTPFront

/// The rows of docs/protocols/conflicts.md, each asked as both clients do.
@Suite(.timeLimit(.minutes(1))) struct DialectConflictTests {
  private func front() throws -> FrontFixture {
    let front = try FrontFixture { GoldenModels.set(&$0) }
    try GoldenModels.load(into: front.door)
    return front
  }

  private func post(
    _ front: FrontFixture, _ path: String, _ body: String, _ headers: String = ""
  ) -> String {
    String(
      decoding: front.ask(
        Array(
          ("POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n"
            + headers + "\r\n" + body).utf8)), as: UTF8.self)
  }

  private func ask(_ front: FrontFixture, _ path: String, _ headers: String = "") -> String {
    String(
      decoding: front.ask(Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n".utf8)),
      as: UTF8.self)
  }

  @Test func `the root is a page for browsers and alive for KServe`() throws {
    let front = try front()
    #expect(ask(front, "/", "Accept: text/html, */*\r\n").body.contains("<title>"))
    #expect(ask(front, "/", "Accept: */*\r\n").body == #"{"status":"alive"}"#)
    #expect(ask(front, "/").body == #"{"status":"alive"}"#)
  }

  @Test func `OPTIONS at the root describes TorchServe's addresses unless a page asks for CORS`()
    throws
  {
    let front = try FrontFixture { $0.corsOrigins = ["https://a.example"] }
    let description = front.send("OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(description.status == 200)
    #expect(description.body.contains(#""openapi":"3.0.1""#))
    #expect(description.body.contains(#""/predictions/{model_name}""#))
    let preflight = front.send(
      "OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a.example\r\n"
        + "Access-Control-Request-Method: GET\r\n\r\n")
    #expect(preflight.status == 204)
  }

  @Test func `the list of models is KServe's and OpenAI's`() throws {
    let body = ask(try front(), "/v1/models").body
    #expect(body.hasPrefix(#"{"models":["echo","#))
    #expect(body.contains(#""object":"list","data":[{"id":"echo""#))
  }

  @Test func `a model's state is KServe's, TensorFlow Serving's and OpenAI's`() throws {
    let body = ask(try front(), "/v1/models/table").body
    #expect(body.contains(#""name":"table","ready":true"#))
    #expect(body.contains(#""model_version_status":[{"version":"1","state":"AVAILABLE""#))
    #expect(body.contains(#""id":"table","object":"model""#))
  }

  @Test func `columns are answered as outputs, to KServe as predictions`() throws {
    let front = try front()
    let body = #"{"inputs":[[1,2,3,4]]}"#
    let path = "/v1/models/table:predict"
    #expect(post(front, path, body).body.hasPrefix(#"{"outputs":"#))
    #expect(
      post(front, path, body, "x-apus-dialect: kserve-v1\r\n").body.hasPrefix(#"{"predictions":"#))
    #expect(
      front.observer.records.map(\.context.dialect) == [.tensorFlow, .kserve])
  }

  @Test func `a signature's name, a version or a label makes it TensorFlow Serving's`() throws {
    let front = try front()
    let rows = #""instances":[[1,2,3,4]]}"#
    _ = post(front, "/v1/models/table:predict", "{" + rows)
    _ = post(front, "/v1/models/table:predict", #"{"signature_name":"","# + rows)
    _ = post(front, "/v1/models/table/versions/1:predict", "{" + rows)
    _ = post(front, "/v1/models/table/labels/stable:predict", "{" + rows)
    #expect(
      front.observer.records.map(\.context.dialect)
        == [.kserve, .tensorFlow, .tensorFlow, .tensorFlow])
  }

  @Test func `ping is an answer to TorchServe, SageMaker and MLflow`() throws {
    let answer = ask(try front(), "/ping")
    #expect(answer.status == 200 && answer.body.contains(#""status":"Healthy""#))
  }

  @Test func `invocations with tensors are SageMaker's, with tables MLflow's`() throws {
    let front = try front()
    let json = "Content-Type: application/json\r\n"
    let tensors =
      #"{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[1,2,3,4]}]}"#
    #expect(post(front, "/invocations", tensors, json).body.contains(#""outputs":[{"name":"y""#))
    #expect(
      post(front, "/invocations", #"{"inputs":[[1,2,3,4]]}"#, json).body
        .hasPrefix(#"{"predictions":"#))
    #expect(front.observer.records.map(\.context.dialect) == [.sageMaker, .mlflow])
  }

  @Test func `lines of numbers are SageMaker's, with names above them MLflow's`() throws {
    let front = try front()
    let csv = "Content-Type: text/csv\r\n"
    #expect(post(front, "/invocations", "1,2,3,4\n", csv).body == "1.0,2.0,3.0,4.0\n")
    #expect(
      post(front, "/invocations", "a,b,c,d\n1,2,3,4\n", csv).body
        == #"{"predictions":[[1.0,2.0,3.0,4.0]]}"#)
    #expect(front.observer.records.map(\.context.dialect) == [.sageMaker, .mlflow])
    let spoken = post(front, "/invocations", "1,2,3,4\n", csv + "x-apus-dialect: mlflow\r\n")
    #expect(spoken.status == 400 && spoken.body.contains("a row behind the names"))
  }

  @Test func `a model's entry is TorchServe's list, SageMaker's object where it says so`() throws {
    let front = try front()
    #expect(ask(front, "/models/table").body.hasPrefix(#"[{"modelName":"table""#))
    #expect(
      ask(front, "/models/table", "x-apus-dialect: sagemaker\r\n").body
        == #"{"modelName":"table","modelUrl":"table"}"#)
    #expect(ask(front, "/models/x").body.hasPrefix(#"{"code":404"#))
    #expect(
      ask(front, "/models/x", "x-apus-dialect: sagemaker\r\n").body.hasPrefix(#"{"error":"#))
  }

  @Test func `registering by query is TorchServe's, by body SageMaker's`() throws {
    let front = try front()
    #expect(post(front, "/models?url=one", "").status == 200)
    #expect(post(front, "/models", #"{"model_name":"two","url":"/opt/two"}"#).status == 200)
    #expect(front.repository.loads.withLock { $0.map(\.name) } == ["one", "two"])
    #expect(front.observer.records.map(\.context.dialect) == [.torchServe, .sageMaker])
  }

  @Test func `predict takes LitServe's input and BentoML's names`() throws {
    let front = try front()
    let json = "Content-Type: application/json\r\n"
    #expect(
      post(front, "/predict", #"{"input":[[1,2,3,4]]}"#, json).body
        == #"{"output":[[1.0,2.0,3.0,4.0]]}"#)
    #expect(
      post(front, "/predict", #"{"x":[[1,2,3,4]]}"#, json).body == "[[1.0,2.0,3.0,4.0]]")
  }

  @Test func `a port's dialect goes before the header`() throws {
    let front = try front()
    let port = try FrontFixture(beside: front, profile: .sageMaker)
    #expect(
      ask(port, "/models/table", "x-apus-dialect: torchserve\r\n").body
        == #"{"modelName":"table","modelUrl":"table"}"#)
  }

  @Test func `Vertex AI's routes lead where they say`() throws {
    let front = try FrontFixture {
      GoldenModels.set(&$0)
      $0.vertex = VertexSettings(predictPath: "/v1/endpoints/1:predict", healthPath: "/v1/well")
    }
    try GoldenModels.load(into: front.door)
    let path = "/v1/endpoints/1:predict"
    let json = "Content-Type: application/json\r\n"
    #expect(
      post(front, path, #"{"instances":[[1,2,3,4]]}"#, json).body
        == #"{"predictions":[[1.0,2.0,3.0,4.0]]}"#)
    #expect(front.observer.records.last?.context.dialect == .vertex)
    let redirected = post(
      front, path, #"{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[1]}]}"#,
      json + "X-Vertex-Ai-Triton-Redirect: v2/models/score/infer\r\n")
    #expect(redirected.body.hasPrefix(#"{"model_name":"score""#))
    #expect(ask(front, "/v1/well").status == 200)
  }

  @Test func `without a default model several are named`() throws {
    let front = try FrontFixture()
    try GoldenModels.load(into: front.door)
    let answer = post(front, "/invocations", "{}", "Content-Type: application/json\r\n")
    #expect(answer.status == 400)
    #expect(answer.body.contains(#""error_code":"BAD_REQUEST""#))
    for name in ["echo", "pair", "table"] { #expect(answer.body.contains("`\(name)`")) }
  }

  @Test func `an only model is the default`() throws {
    let answer = post(
      try FrontFixture(), "/invocations", #"{"inputs":[1,2]}"#,
      "Content-Type: application/json\r\n")
    #expect(answer.body == #"{"predictions":[1.0,2.0]}"#)
  }

  @Test func `from afar nobody registers, scales or unregisters`() throws {
    let front = try FrontFixture(peer: "10.0.0.7")
    #expect(front.post("/models?url=one", "").status == 403)
    for method in ["PUT", "DELETE"] {
      let answer = front.send("\(method) /models/echo HTTP/1.1\r\nHost: localhost\r\n\r\n")
      #expect(answer.status == 403 && answer.body.contains("ForbiddenException"))
    }
    #expect(front.repository.loads.withLock { $0.isEmpty })
  }
}
