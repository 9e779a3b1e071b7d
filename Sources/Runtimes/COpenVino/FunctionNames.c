#include "COpenVino.h"

#define APUS_OPENVINO_NAME(result, name, parameters) "ov_" #name,
static const char *const names[] = {APUS_OPENVINO_FUNCTIONS(APUS_OPENVINO_NAME)};

_Static_assert(sizeof(names) == sizeof(OpenVinoTable), "one name for each function");

const char *apus_openvino_function_name(size_t place) {
  return place < sizeof(names) / sizeof(names[0]) ? names[place] : NULL;
}
