/// What TensorFlow's own messages say of tensors, examples and signatures, by their public names and
/// numbers; one file for what stands in several of theirs.
///
/// Left out: references to resources, variants, and the encodings of sparse and composite tensors,
/// none of which a model here takes or gives.
extension GRPCSchemas {
  static let tensorFlow = """
    package tensorflow;
    enum DataType {
      DT_INVALID = 0;
      DT_FLOAT = 1;
      DT_DOUBLE = 2;
      DT_INT32 = 3;
      DT_UINT8 = 4;
      DT_INT16 = 5;
      DT_INT8 = 6;
      DT_STRING = 7;
      DT_COMPLEX64 = 8;
      DT_INT64 = 9;
      DT_BOOL = 10;
      DT_QINT8 = 11;
      DT_QUINT8 = 12;
      DT_QINT32 = 13;
      DT_BFLOAT16 = 14;
      DT_QINT16 = 15;
      DT_QUINT16 = 16;
      DT_UINT16 = 17;
      DT_COMPLEX128 = 18;
      DT_HALF = 19;
      DT_RESOURCE = 20;
      DT_VARIANT = 21;
      DT_UINT32 = 22;
      DT_UINT64 = 23;
    }
    message TensorShapeProto {
      message Dim {
        int64 size = 1;
        string name = 2;
      }
      repeated Dim dim = 2;
      bool unknown_rank = 3;
    }
    message TensorProto {
      DataType dtype = 1;
      TensorShapeProto tensor_shape = 2;
      int32 version_number = 3;
      bytes tensor_content = 4;
      repeated float float_val = 5;
      repeated double double_val = 6;
      repeated int32 int_val = 7;
      repeated bytes string_val = 8;
      repeated float scomplex_val = 9;
      repeated int64 int64_val = 10;
      repeated bool bool_val = 11;
      repeated double dcomplex_val = 12;
      repeated int32 half_val = 13;
      repeated uint32 uint32_val = 16;
      repeated uint64 uint64_val = 17;
    }
    message BytesList {
      repeated bytes value = 1;
    }
    message FloatList {
      repeated float value = 1;
    }
    message Int64List {
      repeated int64 value = 1;
    }
    message Feature {
      oneof kind {
        BytesList bytes_list = 1;
        FloatList float_list = 2;
        Int64List int64_list = 3;
      }
    }
    message Features {
      map<string, Feature> feature = 1;
    }
    message Example {
      Features features = 1;
    }
    message TensorInfo {
      oneof encoding {
        string name = 1;
      }
      DataType dtype = 2;
      TensorShapeProto tensor_shape = 3;
    }
    message SignatureDef {
      map<string, TensorInfo> inputs = 1;
      map<string, TensorInfo> outputs = 2;
      string method_name = 3;
      map<string, TensorProto> defaults = 4;
    }
    """

  /// Statuses, by the numbers that gRPC has, too.
  static let tensorFlowErrors = """
    package tensorflow.error;
    enum Code {
      OK = 0;
      CANCELLED = 1;
      UNKNOWN = 2;
      INVALID_ARGUMENT = 3;
      DEADLINE_EXCEEDED = 4;
      NOT_FOUND = 5;
      ALREADY_EXISTS = 6;
      PERMISSION_DENIED = 7;
      RESOURCE_EXHAUSTED = 8;
      FAILED_PRECONDITION = 9;
      ABORTED = 10;
      OUT_OF_RANGE = 11;
      UNIMPLEMENTED = 12;
      INTERNAL = 13;
      UNAVAILABLE = 14;
      DATA_LOSS = 15;
      UNAUTHENTICATED = 16;
    }
    """
}
