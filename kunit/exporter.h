/* SPDX-License-Identifier: GPL-2.0 */
/* A driver that exports dma-bufs, and records what importers do with them. */
#ifndef _IOKMEM_KUNIT_EXPORTER_H
#define _IOKMEM_KUNIT_EXPORTER_H

#include <linux/dma-buf.h>

#include "helpers.h"

#define EXPORTER_PAGES	5

/* Properties of an exporter's memory, and operations that it lacks. */
#define EXPORTER_COMBINED	0x01	/* write-combined RAM */
#define EXPORTER_IO		0x02	/* no RAM */
#define EXPORTER_NO_VMAP	0x04
#define EXPORTER_NO_MMAP	0x08
#define EXPORTER_MOVES		0x10	/* the memory moves unless it is pinned */
#define EXPORTER_READ_ONLY	0x20
#define EXPORTER_EMPTY		0x40
#define EXPORTER_SHORT		0x80	/* shows devices all but the last page */

/* How programs map the memory. By default only importers may do that. */
#define EXPORTER_FAULTS		0x100	/* when they touch it */
#define EXPORTER_REMAPS		0x200	/* at once, by page frames */
#define EXPORTER_COUNTED	0x400	/* at once, by counted pages */

/**
 * struct exporter - one dma-buf, and how it is used
 * @test: the test that has it
 * @dmabuf: the dma-buf
 * @options: EXPORTER_*
 * @pages: its memory, unless %EXPORTER_IO
 * @bytes: its kernel address
 * @attached: number of attached devices
 * @mapped: number of devices that have it mapped
 * @pinned: number of pins
 * @vmapped: an importer has the kernel address, or is about to get it
 * @vmap_delay: what an importer has to wait for then, or NULL
 * @begun: number of CPU accesses in progress
 * @accesses: number of CPU accesses so far
 * @released: the dma-buf has been released
 * @attach_error: error for the next attachments, or 0
 * @map_error: error for the next mappings, or 0
 * @mmap_error: error for the next VMAs, or 0
 * @vmas: number of VMAs that have its operations
 * @faults: number of faults so far
 * @gone: the memory has been taken back, and is shown to programs no more
 * @begin_error: error for the next CPU accesses, or 0
 */
struct exporter {
	struct kunit *test;
	struct dma_buf *dmabuf;
	unsigned int options;
	struct page *pages[EXPORTER_PAGES];
	u8 *bytes;
	int attached;
	int mapped;
	int pinned;
	bool vmapped;
	struct completion *vmap_delay;
	int begun;
	int accesses;
	bool released;
	int attach_error;
	int map_error;
	int begin_error;
	int mmap_error;
	int vmas;
	int faults;
	bool gone;
};

/*
 * Create an exporter with a dma-buf. The test has a reference to the dma-buf until
 * put_dma_buf_now(), and the exporter until its end. Skips the test if %EXPORTER_IO needs
 * memory and none was reserved.
 */
struct exporter *exporter(struct kunit *test, unsigned int options);
void keep_dma_buf(struct kunit *test, struct dma_buf *dmabuf);
void put_dma_buf_now(struct kunit *test, struct dma_buf *dmabuf);

/* Tell importers that the memory is not theirs any more. */
void take_back(struct exporter *exporter);

/* Return true if the dma-buf has been released. Waits a little for it. */
bool is_released(const struct exporter *exporter);

/* Return true if nobody uses the memory. */
bool is_idle(const struct exporter *exporter);

#endif /* _IOKMEM_KUNIT_EXPORTER_H */
