/* SPDX-License-Identifier: GPL-2.0-only */
/* Named buffers, which the administrator makes: see main.c. */
#ifndef _IOKMEM_NAMED_H
#define _IOKMEM_NAMED_H

#include <linux/types.h>

struct device;

/* The longest name, without the 0 at its end. */
#define NAMED_NAME_MAX	31

/* In the options of a spec: coherent memory of the DMA API. No option of a buffer has this bit. */
#define NAMED_COHERENT	0x80000000u

/**
 * struct named_spec - what the administrator asks for
 * @name: of the node
 * @size: in bytes, a multiple of the page size
 * @options: IOKMEM_PHYSICALLY_CONTIGUOUS, a cache mode, or %NAMED_COHERENT
 */
struct named_spec {
	char name[NAMED_NAME_MAX + 1];
	u64 size;
	u32 options;
};

/* spec.c */
int named_spec_parse(struct named_spec *spec, const char *text);
int named_spec_of_device(struct named_spec *spec, struct device *dev);

/* buffer.c */
int named_buffer_create(struct device *dev, const struct named_spec *spec);

#endif /* _IOKMEM_NAMED_H */
