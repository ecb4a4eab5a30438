/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _IOKMEM_PROBE_QUEUE_H
#define _IOKMEM_PROBE_QUEUE_H

int probe_queue_init(void);
void probe_queue_exit(void);

#endif /* _IOKMEM_PROBE_QUEUE_H */
