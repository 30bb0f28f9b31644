// SPDX-License-Identifier: Apache-2.0
// Everything a C++ host needs.
#pragma once

#include "convt/admission.h"
#include "convt/engine.h"
#include "convt/frameworks.h"
#include "convt/stream.h"
#include "convt/worker.h"
