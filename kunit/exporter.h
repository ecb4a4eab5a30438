/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A driver that exports dma-bufs, and tells what importers do with them.
 */
#ifndef _IOKMEM_KUNIT_EXPORTER_H
#define _IOKMEM_KUNIT_EXPORTER_H

#include <linux/dma-buf.h>

#include "helpers.h"

#define EXPORTER_PAGES	5

/* What an exporter's memory is, and what it does not do. */
#define EXPORTER_COMBINED	0x01	/* write-combined RAM */
#define EXPORTER_IO		0x02	/* no RAM */
#define EXPORTER_NO_VMAP	0x04
#define EXPORTER_NO_MMAP	0x08
#define EXPORTER_MOVES		0x10	/* the memory, unless it is pinned */
#define EXPORTER_READ_ONLY	0x20
#define EXPORTER_EMPTY		0x40
#define EXPORTER_SHORT		0x80	/* tells devices of all but the last page */

/**
 * struct exporter - one dma-buf, and what has become of it
 * @test: whose it is
 * @dmabuf: the dma-buf
 * @options: EXPORTER_*
 * @pages: its memory, unless %EXPORTER_IO
 * @bytes: where the kernel has that
 * @attached: to how many devices
 * @mapped: for how many of these
 * @pinned: how often, by those who need it to stay
 * @vmapped: somebody has the kernel address
 * @begun: how many are at it with the CPU
 * @accesses: how many have been
 * @released: it is gone
 * @attach_error: what the next ones to attach get
 * @map_error: the same for mapping
 * @begin_error: the same for beginning to access
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
	int begun;
	int accesses;
	bool released;
	int attach_error;
	int map_error;
	int begin_error;
};

/*
 * The test has a reference to the dma-buf until put_dma_buf_now(), and the exporter
 * until its end. Skips the test if no memory was reserved, for %EXPORTER_IO.
 */
struct exporter *exporter(struct kunit *test, unsigned int options);
void keep_dma_buf(struct kunit *test, struct dma_buf *dmabuf);
void put_dma_buf_now(struct kunit *test, struct dma_buf *dmabuf);

/* Waits a little for it. */
bool is_released(const struct exporter *exporter);

/* Does nobody use the memory? */
bool is_idle(const struct exporter *exporter);

#endif /* _IOKMEM_KUNIT_EXPORTER_H */
