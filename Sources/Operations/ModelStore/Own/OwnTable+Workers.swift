/// Keys of models that run in processes of their own.
extension OwnTable {
  static let workers: [(name: String, fields: [Field])] = [
    (
      "worker",
      [
        Field(
          "memory", .tree("a size such as 2GiB"),
          .honoured("private memory of each process; no limit without it")),
        Field(
          "cpus", .number,
          .honoured(
            "cores that each process may use, such as 1.5, where control groups may be made; no limit "
              + "without it")),
        Field(
          "processes", .integer(1...1_000_000),
          .honoured(
            "processes and threads that each worker may have, itself included; 1024 without it where it "
              + "may start any")),
        Field(
          "start-timeout", .duration, .honoured("how long it may load the model; 1m without it")),
        Field("run-timeout", .duration, .honoured("how long one run may take; 1m without it")),
        Field("network", .boolean, .honoured("false cuts it off from every network")),
        Field(
          "read-only", .boolean,
          .honoured("true lets it write into a temporary folder of its own alone")),
        Field(
          "child-processes", .boolean, .honoured("true lets it start processes; false without it")),
        Field(
          "in-flight", .integer(1...1_024),
          .honoured("runs that one process has at once: with 2, the default, the next lies ready")),
      ]
    ),
    (
      "python",
      [
        Field(
          "interpreter", .text,
          .honoured(
            "a program, the folder of a virtual environment, or one in a .tar.gz; python3 without it"
          )),
        Field(
          "allow-pickle", .boolean,
          .honoured("true reads pickles, which run whatever code they hold")),
        Field(
          "kind", .text, .honoured("such as sklearn or mlflow; found out without it")),
        Field("parameters", .text, .keyed, .honoured("said to the model itself")),
      ]
    ),
  ]
}
