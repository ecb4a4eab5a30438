// SPDX-License-Identifier: GPL-2.0-only
/*
 * Specs of named buffers: as text, NAME:SIZE[:OPTION]..., and as a node of the device tree:
 *
 *	camera-buffer {
 *		compatible = "iokmem,buffer";
 *		label = "camera";
 *		size = /bits/ 64 <0x100000>;
 *		contiguous;
 *	};
 */
#include <linux/ctype.h>
#include <linux/iokmem.h>
#include <linux/mm.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "named.h"

/* In the device tree each option is a boolean property. */
static const struct {
	const char *name;
	u32 option;
} options[] = {
	{ "contiguous", IOKMEM_PHYSICALLY_CONTIGUOUS },
	{ "coherent", NAMED_COHERENT },
	{ "cached", IOKMEM_MAP_COPYBACK_CACHE },
	{ "uncached", IOKMEM_MAP_INHIBIT_CACHE },
	{ "write-combine", IOKMEM_MAP_WRITE_COMBINE_CACHE },
};

/* Names are of letters, digits, '_', '-' and '.', and do not begin with '.'. */
static int set_name(struct named_spec *spec, const char *name)
{
	const char *c;

	if (strlen(name) > NAMED_NAME_MAX)
		return -ENAMETOOLONG;
	for (c = name; *c; c++)
		if (!isascii(*c) || (!isalnum(*c) && !strchr("_-.", *c)))
			return -EINVAL;
	if (!*name || *name == '.')
		return -EINVAL;
	strscpy(spec->name, name, sizeof(spec->name));
	return 0;
}

/* Only whole pages can be mapped. */
static int set_size(struct named_spec *spec, u64 size)
{
	if (!size)
		return -EINVAL;
	if (size > SIZE_MAX - (PAGE_SIZE - 1))
		return -EOVERFLOW;
	spec->size = PAGE_ALIGN(size);
	return 0;
}

/* The size is a number, also a hexadecimal one, and perhaps K, M or G. */
static int parse_size(struct named_spec *spec, char *text)
{
	static const char units[] = "KMG";
	size_t length = strlen(text);
	const char *unit = length ? strchr(units, toupper(text[length - 1])) : NULL;
	unsigned int shift = 0;
	u64 size;
	int err;

	if (unit) {
		shift = 10 * (unit - units + 1);
		text[length - 1] = 0;
	}
	err = kstrtou64(text, 0, &size);
	if (err)
		return err == -ERANGE ? -EOVERFLOW : err;
	if (size > U64_MAX >> shift)
		return -EOVERFLOW;
	return set_size(spec, size << shift);
}

/* A cache mode is one of several, and the DMA API chooses it for coherent memory. */
static int add_option(struct named_spec *spec, u32 option)
{
	u32 both = spec->options & option;

	if (both & ~IOKMEM_MAP_CACHE_MASK ||
	    (spec->options & IOKMEM_MAP_CACHE_MASK && option & IOKMEM_MAP_CACHE_MASK))
		return -EINVAL;
	spec->options |= option;
	return spec->options & NAMED_COHERENT && spec->options != NAMED_COHERENT ? -EINVAL : 0;
}

static int parse_option(struct named_spec *spec, const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(options[i].name, name))
			return add_option(spec, options[i].option);
	return -EOPNOTSUPP;
}

static int parse(struct named_spec *spec, char *text)
{
	char *word = strsep(&text, ":");
	int err = set_name(spec, word);

	if (err)
		return err;
	word = strsep(&text, ":");
	if (!word)
		return -EINVAL;
	err = parse_size(spec, word);
	while (!err && (word = strsep(&text, ":")))
		err = parse_option(spec, word);
	return err;
}

/**
 * named_spec_parse - read NAME:SIZE[:OPTION]...
 * @spec: out
 * @text: the text, which may end with a newline
 *
 * Return: 0, or a negative error:
 *
 * * -EINVAL: no name, or a character that no name has; no size, 0, or not a number; options that
 *   exclude each other
 * * -ENAMETOOLONG: the name is too long
 * * -EOVERFLOW: no memory can be so large
 * * -EOPNOTSUPP: an unknown option
 * * -ENOMEM: no memory
 */
int named_spec_parse(struct named_spec *spec, const char *text)
{
	char *copy = kstrdup(text, GFP_KERNEL), *end;
	int err;

	if (!copy)
		return -ENOMEM;
	end = copy + strlen(copy);
	if (end > copy && end[-1] == '\n')
		end[-1] = 0;
	*spec = (struct named_spec){};
	err = parse(spec, copy);
	kfree(copy);
	return err;
}

/**
 * named_spec_of_device - read the properties of a device
 * @spec: out
 * @dev: the device
 *
 * Return: 0; an error of named_spec_parse(); or a negative error:
 *
 * * -EINVAL: a property is missing
 * * -EILSEQ: the label is no text
 * * -EOVERFLOW: the size has fewer than 64 bits
 */
int named_spec_of_device(struct named_spec *spec, struct device *dev)
{
	const char *name;
	u64 size;
	size_t i;
	int err;

	*spec = (struct named_spec){};
	err = device_property_read_string(dev, "label", &name);
	if (!err)
		err = set_name(spec, name);
	if (!err)
		err = device_property_read_u64(dev, "size", &size);
	if (!err)
		err = set_size(spec, size);
	for (i = 0; !err && i < ARRAY_SIZE(options); i++)
		if (device_property_present(dev, options[i].name))
			err = add_option(spec, options[i].option);
	return err;
}
