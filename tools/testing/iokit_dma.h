/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that iokit_dma.cc (C++) and iokit_dma_test.c (C) call of each other. The test harness
 * is for C only.
 */
#ifndef _IOKIT_DMA_H
#define _IOKIT_DMA_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How many bits QEMU's edu has in its addresses for DMA. */
#define EDU_BITS	28

/*
 * Have a device of the container copy bytes within a buffer, by way of its own memory, which is
 * what @transfer does. Return 0, or the line of what was not as expected.
 */
int driverkit_dma(int container, void (*transfer)(void *data, uint64_t iova, uint32_t length,
						  bool to_memory), void *data);

#ifdef __cplusplus
}
#endif

#endif /* _IOKIT_DMA_H */
