// SPDX-License-Identifier: GPL-2.0
/*
 * Errors that a caller does not see: IOKit's functions return NULL, whatever the reason is.
 */
#include <linux/module.h>

#include "desc/desc.h"
#include "page/compat.h"
#include "trace.h"

/**
 * iokmem_refused - tell who looks for it why a function has returned NULL
 * @function: its name
 * @err: the error
 *
 * For the headers in include/iokit. The error is in the tracepoint iokmem_refuse; the first one
 * is also in the kernel's log, if messages for debugging are.
 *
 * Context: Any.
 */
void iokmem_refused(const char *function, int err)
{
	trace_iokmem_refuse(function, 0, err);
	pr_debug_once("%s() has failed with %d; the tracepoint iokmem_refuse tells of others\n",
		      function, err);
}
EXPORT_SYMBOL_NS_GPL(iokmem_refused, IOKMEM_NS);
EXPORT_TRACEPOINT_SYMBOL_GPL(iokmem_refuse);
