/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints for the lifetimes of descriptors and maps, for faults, and for errors that a driver
 * sees as NULL.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iokmem

#if !defined(_IOKMEM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _IOKMEM_TRACE_H

#include <linux/tracepoint.h>

struct iokmem_desc;
struct iokmem_map;
struct iokmem_mapping;

DECLARE_EVENT_CLASS(iokmem_desc,
		    TP_PROTO(const struct iokmem_desc *desc),
		    TP_ARGS(desc),
		    TP_STRUCT__entry(__field(u64, id)
				     __field(size_t, capacity)
				     __field(unsigned int, extents)
				     __field(u32, options)
		    ),
		    TP_fast_assign(__entry->id = desc->id;
				   __entry->capacity = desc->capacity;
				   __entry->extents = desc->extents.nr;
				   __entry->options = desc->options;
		    ),
		    TP_printk("id=%llu capacity=%zu extents=%u options=%#x",
			      __entry->id, __entry->capacity,
			      __entry->extents, __entry->options)
);

#define DEFINE_DESC_EVENT(name) \
	DEFINE_EVENT(iokmem_desc, name, \
		     TP_PROTO(const struct iokmem_desc *desc), TP_ARGS(desc))
DEFINE_DESC_EVENT(iokmem_create);
DEFINE_DESC_EVENT(iokmem_free);
DEFINE_DESC_EVENT(iokmem_purge);

DECLARE_EVENT_CLASS(iokmem_map,
		    TP_PROTO(const struct iokmem_map *map),
		    TP_ARGS(map),
		    TP_STRUCT__entry(__field(u64, id)
				     __field(pid_t, pid)
				     __field(unsigned long, address)
				     __field(size_t, offset)
				     __field(size_t, length)
				     __field(u32, options)
		    ),
		    TP_fast_assign(__entry->id = map->mapping->backing.desc->id;
				   __entry->pid = pid_nr(map->mapping->pid);
				   __entry->address = iokmem_map_get_address(map);
				   __entry->offset = iokmem_map_offset(map);
				   __entry->length = map->length;
				   __entry->options = map->options;
		    ),
		    TP_printk("id=%llu pid=%d address=%#lx offset=%zu length=%zu options=%#x",
			      __entry->id, __entry->pid, __entry->address,
			      __entry->offset, __entry->length, __entry->options)
);

#define DEFINE_MAP_EVENT(name) \
	DEFINE_EVENT(iokmem_map, name, \
		     TP_PROTO(const struct iokmem_map *map), TP_ARGS(map))
DEFINE_MAP_EVENT(iokmem_map);
DEFINE_MAP_EVENT(iokmem_share);
DEFINE_MAP_EVENT(iokmem_redirect);
DEFINE_MAP_EVENT(iokmem_unmap);

TRACE_EVENT(iokmem_fault,
	    TP_PROTO(const struct iokmem_mapping *mapping, unsigned long address,
		     unsigned long pages),
	    TP_ARGS(mapping, address, pages),
	    TP_STRUCT__entry(__field(u64, id)
			     __field(unsigned long, address)
			     __field(unsigned long, pages)
	    ),
	    TP_fast_assign(__entry->id = mapping->backing.desc->id;
			   __entry->address = address;
			   __entry->pages = pages;
	    ),
	    TP_printk("id=%llu address=%#lx pages=%lu",
		      __entry->id, __entry->address, __entry->pages)
);

TRACE_EVENT(iokmem_refuse,
	    TP_PROTO(const char *function, int err),
	    TP_ARGS(function, err),
	    TP_STRUCT__entry(__array(char, function, 64)
			     __field(int, err)
	    ),
	    TP_fast_assign(strscpy(__entry->function, function, sizeof(__entry->function));
			   __entry->err = err;
	    ),
	    TP_printk("function=%s err=%d", __entry->function, __entry->err)
);

#endif /* _IOKMEM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
