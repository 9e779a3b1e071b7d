// The header's assertions hold in this compilation too.
#include "CRuntime.h"
