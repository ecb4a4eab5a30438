// SPDX-License-Identifier: GPL-2.0
/*
 * Suites of IOKit's names, user clients and queues. They are compiled as one, since the
 * kernel's headers take most of the time of compiling each.
 */
#include "iokit_test.c"
#include "iokit_memory_test.c"
#include "iokit_facts_test.c"
#include "iokit_dma_test.c"
#include "iokit_claims_test.c"
#include "iokit_queue_test.c"
#include "porting_test.c"
#include "client_test.c"
#include "queue_test.c"
