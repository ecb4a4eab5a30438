/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_WORKQUEUE_H
#define _IOKMEM_WORKQUEUE_H

#include <linux/workqueue.h>

/* Runs work in other address spaces, and teardown that may sleep. */
extern struct workqueue_struct *iokmem_workqueue;

#endif /* _IOKMEM_WORKQUEUE_H */
