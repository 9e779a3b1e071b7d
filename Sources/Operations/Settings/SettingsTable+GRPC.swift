extension SettingsTable {
  /// Bounds of gRPC's connections, by Triton's names where it has them.
  static let grpcLimits: [Setting] = [
    Setting(
      .grpcStreamsMax, .limits, .integer(1...100_000), fallback: "256",
      "gRPC calls open at once on one connection; further ones wait at the client."),
    Setting(
      .grpcMessageBytesMax, .limits, .bytes(0...(1 << 40)), fallback: "0",
      "Largest gRPC message, also after decompression; 0 means `body-bytes-max`."),
    Setting(
      .grpcWindowBytes, .limits, .bytes(65_535...((1 << 31) - 1)), fallback: "16MiB",
      "What a gRPC client may send ahead, in one call and on one connection: a tensor beyond it waits "
        + "for round trips."),
    Setting(
      .grpcKeepaliveTime, .limits, .durationOrNone(.seconds(1)...day), fallback: "2h",
      "Silence of a gRPC client with calls after which it is asked, by PING, whether it is there."),
    Setting(
      .grpcKeepaliveTimeout, .limits, .duration(.seconds(1)...day), fallback: "20s",
      "Time for the answer to that, after which the connection is closed."),
    Setting(
      .grpcKeepalivePermitWithoutCalls, .limits, .boolean, fallback: "false",
      "Ask clients without calls, too."),
    Setting(
      .grpcHTTP2MaxPingsWithoutData, .limits, .integer(0...1_000_000), fallback: "2",
      "Such questions between two frames of answers; 0 sets no bound."),
    Setting(
      .grpcHTTP2MinRecvPingIntervalWithoutData, .limits, .duration(.zero...day), fallback: "100ms",
      "Time between two PINGs of a client, with no frame of an answer between, below which the "
        + "second is a strike."),
    Setting(
      .grpcHTTP2MaxPingStrikes, .limits, .integer(0...1_000_000), fallback: "200",
      "Strikes between two frames of answers after which a client is sent away; 0 sets no bound."),
    Setting(
      .grpcMaxConnectionAge, .limits, .durationOrNone(.seconds(1)...day), fallback: "none",
      "Age, give or take a tenth, at which a gRPC connection takes no more calls, so that clients "
        + "spread over servers anew."),
    Setting(
      .grpcMaxConnectionAgeGrace, .limits, .durationOrNone(.seconds(1)...day), fallback: "none",
      "Time that the calls of such a connection may still take."),
  ]
}
