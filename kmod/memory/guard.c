// SPDX-License-Identifier: GPL-2.0
/*
 * Guard pages: pages without memory, which user tasks can map and nobody can touch. They
 * are made to be members of multi-descriptors (IOGuardPageMemoryDescriptor).
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "desc/desc.h"
#include "page/cache.h"
#include "page/compat.h"

/* The kernel cannot leave a hole in a mapping of its own. */
static int guard_may_map(const struct iokmem_desc *desc, size_t offset, size_t length,
			 bool user)
{
	return user ? 0 : -EOPNOTSUPP;
}

static const struct iokmem_show_ops guard_show = {
	.may_map	= guard_may_map,
};

static const struct iokmem_kind iokmem_guard_kind = {
	.name		= "guard",
	.always_there	= true,
	.no_memory	= true,
	.resolve	= iokmem_cache_resolve_fixed,
	.show		= &guard_show,
};

/**
 * iokmem_guard_with_size - describe pages that nobody can touch
 * @size: in bytes, at least 1; it is rounded up to pages
 *
 * Follows IOGuardPageMemoryDescriptor::withSize(). A task that touches a map of guard
 * pages, alone or as part of a multi-descriptor, gets SIGSEGV. Guard pages cannot be
 * mapped into the kernel.
 *
 * Context: May sleep.
 * Return: a descriptor, of which the reference is the caller's; or ERR_PTR():
 *
 * * -EINVAL: @size is 0
 * * -EOVERFLOW: @size cannot be rounded to pages
 * * -ENOMEM: no memory
 */
struct iokmem_desc *iokmem_guard_with_size(size_t size)
{
	struct iokmem_desc *desc;

	if (!size)
		return ERR_PTR(-EINVAL);
	if (size > SIZE_MAX - (PAGE_SIZE - 1))
		return ERR_PTR(-EOVERFLOW);
	desc = iokmem_desc_alloc(&iokmem_guard_kind, sizeof(*desc), PAGE_ALIGN(size));
	if (!IS_ERR(desc))
		iokmem_desc_publish(desc);
	return desc;
}
EXPORT_SYMBOL_NS_GPL(iokmem_guard_with_size, IOKMEM_NS);
