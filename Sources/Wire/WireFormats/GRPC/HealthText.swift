/// `grpc.health.v1`, by which load balancers and orchestrators ask whether a server answers.
extension GRPCSchemas {
  static let health = """
    package grpc.health.v1;
    message HealthCheckRequest {
      string service = 1;
    }
    message HealthCheckResponse {
      enum ServingStatus {
        UNKNOWN = 0;
        SERVING = 1;
        NOT_SERVING = 2;
        SERVICE_UNKNOWN = 3;
      }
      ServingStatus status = 1;
    }
    service Health {
      rpc Check (HealthCheckRequest) returns (HealthCheckResponse);
      rpc Watch (HealthCheckRequest) returns (stream HealthCheckResponse);
    }
    """
}
