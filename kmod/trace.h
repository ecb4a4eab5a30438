/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints: the lifetimes of descriptors and maps, faults, how memory is kept in place, what
 * devices have mapped, and refusals. iokmem(8) documents them for administrators.
 *
 * Events carry no addresses of the kernel. Those of calls that can take long have a duration: the
 * caller passes iokmem_trace_start() of the event as @start.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iokmem

#if !defined(_IOKMEM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _IOKMEM_TRACE_H

#include <linux/ktime.h>
#include <linux/tracepoint.h>

struct device;
struct iokmem_desc;
struct iokmem_map;
struct iokmem_mapping;

/* Return the time in ns, or 0 if nobody looks at the event. */
#define iokmem_trace_start(event)	(trace_##event##_enabled() ? ktime_get_ns() : 0)

/* Return the ns since @start. If the event was switched on since then, nobody knows: 0. */
#define iokmem_trace_duration(start)			\
({							\
	u64 _start = (start);				\
							\
	_start ? ktime_get_ns() - _start : 0;		\
})

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

/* @count: how many holds, or preparations, there are now. */
DECLARE_EVENT_CLASS(iokmem_keep,
		    TP_PROTO(const struct iokmem_desc *desc, bool write, unsigned int count,
			     int err, u64 start),
		    TP_ARGS(desc, write, count, err, start),
		    TP_STRUCT__entry(__field(u64, id)
				     __field(size_t, capacity)
				     __field(bool, write)
				     __field(unsigned int, count)
				     __field(int, err)
				     __field(u64, duration)
		    ),
		    TP_fast_assign(__entry->id = desc->id;
				   __entry->capacity = desc->capacity;
				   __entry->write = write;
				   __entry->count = count;
				   __entry->err = err;
				   __entry->duration = iokmem_trace_duration(start);
		    ),
		    TP_printk("id=%llu capacity=%zu write=%d count=%u err=%d duration=%llu",
			      __entry->id, __entry->capacity, __entry->write, __entry->count,
			      __entry->err, __entry->duration)
);

#define DEFINE_KEEP_EVENT(name) \
	DEFINE_EVENT(iokmem_keep, name, \
		     TP_PROTO(const struct iokmem_desc *desc, bool write, unsigned int count, \
			      int err, u64 start), \
		     TP_ARGS(desc, write, count, err, start))
DEFINE_KEEP_EVENT(iokmem_hold);
DEFINE_KEEP_EVENT(iokmem_prepare);

DECLARE_EVENT_CLASS(iokmem_let_go,
		    TP_PROTO(const struct iokmem_desc *desc, unsigned int count),
		    TP_ARGS(desc, count),
		    TP_STRUCT__entry(__field(u64, id)
				     __field(size_t, capacity)
				     __field(unsigned int, count)
		    ),
		    TP_fast_assign(__entry->id = desc->id;
				   __entry->capacity = desc->capacity;
				   __entry->count = count;
		    ),
		    TP_printk("id=%llu capacity=%zu count=%u",
			      __entry->id, __entry->capacity, __entry->count)
);

#define DEFINE_LET_GO_EVENT(name) \
	DEFINE_EVENT(iokmem_let_go, name, \
		     TP_PROTO(const struct iokmem_desc *desc, unsigned int count), \
		     TP_ARGS(desc, count))
DEFINE_LET_GO_EVENT(iokmem_unhold);
DEFINE_LET_GO_EVENT(iokmem_complete);

/* @from, @to: as IOKMEM_MAP_*_CACHE. */
TRACE_EVENT(iokmem_retype,
	    TP_PROTO(const struct iokmem_desc *desc, u32 from, u32 to, int err, u64 start),
	    TP_ARGS(desc, from, to, err, start),
	    TP_STRUCT__entry(__field(u64, id)
			     __field(size_t, capacity)
			     __field(u32, from)
			     __field(u32, to)
			     __field(int, err)
			     __field(u64, duration)
	    ),
	    TP_fast_assign(__entry->id = desc->id;
			   __entry->capacity = desc->capacity;
			   __entry->from = from;
			   __entry->to = to;
			   __entry->err = err;
			   __entry->duration = iokmem_trace_duration(start);
	    ),
	    TP_printk("id=%llu capacity=%zu from=%#x to=%#x err=%d duration=%llu",
		      __entry->id, __entry->capacity, __entry->from, __entry->to,
		      __entry->err, __entry->duration)
);

TRACE_EVENT(iokmem_revoke,
	    TP_PROTO(const struct iokmem_desc *desc, u64 start),
	    TP_ARGS(desc, start),
	    TP_STRUCT__entry(__field(u64, id)
			     __field(size_t, capacity)
			     __field(u64, duration)
	    ),
	    TP_fast_assign(__entry->id = desc->id;
			   __entry->capacity = desc->capacity;
			   __entry->duration = iokmem_trace_duration(start);
	    ),
	    TP_printk("id=%llu capacity=%zu duration=%llu",
		      __entry->id, __entry->capacity, __entry->duration)
);

/* @direction: an enum dma_data_direction. */
DECLARE_EVENT_CLASS(iokmem_device_map,
		    TP_PROTO(const struct iokmem_desc *desc, const struct device *dev,
			     size_t length, int direction, int err, u64 start),
		    TP_ARGS(desc, dev, length, direction, err, start),
		    TP_STRUCT__entry(__field(u64, id)
				     __array(char, device, 32)
				     __field(size_t, length)
				     __field(int, direction)
				     __field(int, err)
				     __field(u64, duration)
		    ),
		    TP_fast_assign(__entry->id = desc->id;
				   strscpy(__entry->device, dev_name(dev),
					   sizeof(__entry->device));
				   __entry->length = length;
				   __entry->direction = direction;
				   __entry->err = err;
				   __entry->duration = iokmem_trace_duration(start);
		    ),
		    TP_printk("id=%llu device=%s length=%zu direction=%d err=%d duration=%llu",
			      __entry->id, __entry->device, __entry->length,
			      __entry->direction, __entry->err, __entry->duration)
);

#define DEFINE_DEVICE_MAP_EVENT(name) \
	DEFINE_EVENT(iokmem_device_map, name, \
		     TP_PROTO(const struct iokmem_desc *desc, const struct device *dev, \
			      size_t length, int direction, int err, u64 start), \
		     TP_ARGS(desc, dev, length, direction, err, start))
DEFINE_DEVICE_MAP_EVENT(iokmem_dma_map);
DEFINE_DEVICE_MAP_EVENT(iokmem_dma_buf_map);

DECLARE_EVENT_CLASS(iokmem_device_unmap,
		    TP_PROTO(const struct iokmem_desc *desc, const struct device *dev,
			     size_t length),
		    TP_ARGS(desc, dev, length),
		    TP_STRUCT__entry(__field(u64, id)
				     __array(char, device, 32)
				     __field(size_t, length)
		    ),
		    TP_fast_assign(__entry->id = desc->id;
				   strscpy(__entry->device, dev_name(dev),
					   sizeof(__entry->device));
				   __entry->length = length;
		    ),
		    TP_printk("id=%llu device=%s length=%zu",
			      __entry->id, __entry->device, __entry->length)
);

#define DEFINE_DEVICE_UNMAP_EVENT(name) \
	DEFINE_EVENT(iokmem_device_unmap, name, \
		     TP_PROTO(const struct iokmem_desc *desc, const struct device *dev, \
			      size_t length), \
		     TP_ARGS(desc, dev, length))
DEFINE_DEVICE_UNMAP_EVENT(iokmem_dma_unmap);
DEFINE_DEVICE_UNMAP_EVENT(iokmem_dma_buf_unmap);

DECLARE_EVENT_CLASS(iokmem_dma_buf,
		    TP_PROTO(const struct iokmem_desc *desc, size_t length, int err, u64 start),
		    TP_ARGS(desc, length, err, start),
		    TP_STRUCT__entry(__field(u64, id)
				     __field(size_t, length)
				     __field(int, err)
				     __field(u64, duration)
		    ),
		    TP_fast_assign(__entry->id = desc->id;
				   __entry->length = length;
				   __entry->err = err;
				   __entry->duration = iokmem_trace_duration(start);
		    ),
		    TP_printk("id=%llu length=%zu err=%d duration=%llu",
			      __entry->id, __entry->length, __entry->err, __entry->duration)
);

#define DEFINE_DMA_BUF_EVENT(name) \
	DEFINE_EVENT(iokmem_dma_buf, name, \
		     TP_PROTO(const struct iokmem_desc *desc, size_t length, int err, \
			      u64 start), \
		     TP_ARGS(desc, length, err, start))
DEFINE_DMA_BUF_EVENT(iokmem_dma_buf_export);
DEFINE_DMA_BUF_EVENT(iokmem_dma_buf_import);

/* @id: of the descriptor that the call was for, or 0. */
TRACE_EVENT(iokmem_refuse,
	    TP_PROTO(const char *function, u64 id, int err),
	    TP_ARGS(function, id, err),
	    TP_STRUCT__entry(__array(char, function, 64)
			     __field(u64, id)
			     __field(int, err)
	    ),
	    TP_fast_assign(strscpy(__entry->function, function, sizeof(__entry->function));
			   __entry->id = id;
			   __entry->err = err;
	    ),
	    TP_printk("function=%s id=%llu err=%d", __entry->function, __entry->id,
		      __entry->err)
);

#endif /* _IOKMEM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
