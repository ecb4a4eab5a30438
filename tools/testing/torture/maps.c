// SPDX-License-Identifier: GPL-2.0-only
/* Requests for maps: with all options, in all places, and with mistakes. */
#include "torture.h"

/**
 * struct request - a map that is asked for, and what may come of it
 * @handle: of which descriptor
 * @options: as for IOKMEM_CREATE_MAPPING
 * @address: where, or 0
 * @offset: in bytes
 * @length: in bytes; 0: all
 * @errors: those there may be
 * @nr_errors: how many
 * @doomed: there has to be one
 */
struct request {
	struct handle *handle;
	__u32 options;
	__u64 address;
	__u64 offset;
	__u64 length;
	int errors[24];
	int nr_errors;
	bool doomed;
};

static void may_fail(struct request *request, int error)
{
	request->errors[request->nr_errors++] = error;
}

static void has_to_fail(struct request *request, int error)
{
	may_fail(request, error);
	request->doomed = true;
}

static __u32 any_options(struct thread *thread, const struct handle *handle)
{
	static const __u32 guards[] = {
		IOKMEM_MAP_GUARDED_SMALL, IOKMEM_MAP_GUARDED_SMALL,
		IOKMEM_MAP_GUARDED_LARGE, IOKMEM_MAP_GUARDED_MASK,
	};
	__u32 options = 0;

	if (handle->read_only ? below(thread, 12) : !below(thread, 4))
		options |= IOKMEM_MAP_READ_ONLY;
	if (!below(thread, 2))
		options |= IOKMEM_MAP_UNIQUE;
	if (!below(thread, 12))
		options |= IOKMEM_MAP_REFERENCE;
	if (!below(thread, 8))
		options |= below(thread, 10) << IOKMEM_MAP_CACHE_SHIFT;
	if (!below(thread, 6))
		options |= guards[below(thread, ARRAY_SIZE(guards))];
	if (!below(thread, 6))
		options |= IOKMEM_MAP_PREFAULT;
	if (!below(thread, 4))
		options |= IOKMEM_MAP_PINNABLE;
	return options;
}

static void any_range(struct thread *thread, struct request *request)
{
	__u64 capacity = request->handle->shape.capacity;

	switch (below(thread, 3)) {
	case 0:
		break;
	case 1:
		request->offset = below(thread, capacity) & ~(PAGE - 1);
		request->length = round_up(1 + below(thread, capacity - request->offset), PAGE);
		if (request->offset + request->length > capacity)
			request->length = capacity - request->offset;
		break;
	case 2:
		request->offset = below(thread, capacity);
		request->length = 1 + below(thread, capacity - request->offset);
		break;
	}
	/* The range sometimes passes the end. */
	if (!below(thread, 50))
		request->length = capacity - request->offset + 1;
}

static void foresee_options(struct request *request)
{
	const struct shape *shape = &request->handle->shape;
	__u32 options = request->options;
	__u32 mode = options & IOKMEM_MAP_CACHE_MASK;

	if (request->handle->read_only && !(options & IOKMEM_MAP_READ_ONLY))
		has_to_fail(request, EACCES);
	if ((options & IOKMEM_MAP_REFERENCE) &&
	    (options & (IOKMEM_MAP_UNIQUE | IOKMEM_MAP_OVERWRITE)))
		has_to_fail(request, EINVAL);
	if ((options & IOKMEM_MAP_GUARDED_MASK) == IOKMEM_MAP_GUARDED_MASK)
		has_to_fail(request, EINVAL);
	if ((options & IOKMEM_MAP_GUARDED_MASK) && !(options & IOKMEM_MAP_ANYWHERE))
		has_to_fail(request, EINVAL);
	if (options & IOKMEM_MAP_REFERENCE)
		may_fail(request, ENOENT);
	/* Another mode would be a change, which not every file descriptor allows. */
	if (mode) {
		may_fail(request, EBUSY);
		may_fail(request, EOPNOTSUPP);
		if (request->handle->read_only || shape->window)
			may_fail(request, EACCES);
	}
	if (options & IOKMEM_MAP_PINNABLE) {
		if (is_pageable(shape))
			has_to_fail(request, EOPNOTSUPP);
		else
			may_fail(request, EOPNOTSUPP);
	}
	/* Only a driver can prepare the memory. */
	if ((options & IOKMEM_MAP_PREFAULT) && is_pageable(shape))
		has_to_fail(request, EBADFD);
	else if (options & IOKMEM_MAP_PREFAULT)
		may_fail(request, EBADFD);
	/* Members may have several modes. They are held. */
	if (is_multi(shape)) {
		may_fail(request, EBUSY);
		may_fail(request, EPERM);
	}
}

static void foresee_range(struct request *request)
{
	const struct shape *shape = &request->handle->shape;
	__u64 length = request->length ? request->length : shape->capacity;
	__u64 first = (shape->skew + request->offset) & ~(PAGE - 1);
	__u64 end = round_up(shape->skew + request->offset + length, PAGE);

	if (!request->length && request->offset)
		has_to_fail(request, EINVAL);
	if (record_of(shape->identity)->resized) {
		/* The whole of the memory may end in the middle of a page. */
		may_fail(request, ERANGE);
		may_fail(request, EACCES);
		return;
	}
	if (request->offset + length > shape->capacity || !shape->capacity)
		has_to_fail(request, ERANGE);
	else if (first < shape->skew || end > shape->skew + shape->owned)
		has_to_fail(request, EACCES);
}

static void foresee(struct request *request)
{
	may_fail(request, ENOMEM);
	may_fail(request, EINTR);
	foresee_options(request);
	foresee_range(request);
	request->errors[request->nr_errors] = 0;
}

/* Record the new map, and check that it is as requested. */
static void got_map(struct thread *thread, struct request *request, struct reference *ref,
		    __u64 address, __u64 length)
{
	const struct shape *shape = &request->handle->shape;
	__u64 place = shape->skew + request->offset;

	ref->shape = *shape;
	ref->fd = fcntl(request->handle->fd, F_DUPFD_CLOEXEC, 3);
	ref->options = request->options;
	ref->address = address;
	ref->length = length;
	ref->first = place / PAGE;
	ref->pages = round_up(place % PAGE + length, PAGE) / PAGE;
	remember_making(ref);
	ref->read_only = request->options & IOKMEM_MAP_READ_ONLY;
	ref->own = request->options & IOKMEM_MAP_UNIQUE;

	if (request->doomed)
		fail(thread,
		     "#%llu could be mapped with options %#x at %#llx offset %llu length %llu",
		     shape->identity, request->options, request->address, request->offset,
		     request->length);
	if (address % PAGE != place % PAGE)
		fail(thread, "#%llu byte %llu was mapped at %#llx", shape->identity,
		     request->offset, address);
	if (request->address && (request->address & ~(PAGE - 1)) != (address & ~(PAGE - 1)))
		fail(thread, "#%llu was mapped at %#llx and not %#llx", shape->identity,
		     address, request->address);
	if (length != (request->length ? request->length : shape->capacity) &&
	    !record_of(shape->identity)->resized)
		fail(thread, "a map of #%llu has %llu bytes, not %llu", shape->identity,
		     length, request->length);
}

/* Send the request. */
static struct reference *request_map(struct thread *thread, struct request *request)
{
	struct iokmem_create_mapping arg = {
		.size = sizeof(arg),
		.options = request->options,
		.address = request->address,
		.offset = request->offset,
		.length = request->length,
	};
	struct reference *ref = room_for_reference(thread);
	int err;

	/* Making room may have returned an error. */
	watch(thread, ref, bucket_of(thread->process, &request->handle->shape));
	will_map(thread);
	err = iok(request->handle->fd, IOKMEM_CREATE_MAPPING, &arg);
	has_mapped(thread);
	trace(thread, "CREATE_MAPPING", request->handle->shape.identity, arg.address,
	      arg.length, request->offset, request->options, err);
	foresee(request);
	if (!err) {
		got_map(thread, request, ref, arg.address, arg.length);
		return ref;
	}
	if (!expected(err, request->errors))
		fail(thread,
		     "CREATE_MAPPING of #%llu with options %#x at %#llx offset %llu length %llu of %llu: %s",
		     request->handle->shape.identity, request->options, request->address,
		     request->offset, request->length, request->handle->shape.capacity,
		     strerror(-err));
	return NULL;
}

/* Create and map a buffer in one call, with any options. */
void map_at_birth(struct thread *thread, struct iokmem_create_buffer *arg,
		  const struct shape *shape)
{
	struct handle handle = { .shape = *shape };
	struct request request = { .handle = &handle };
	struct reference *ref = room_for_reference(thread);
	int err;

	request.options = any_options(thread, &handle) | IOKMEM_MAP_ANYWHERE;
	arg->map_options = request.options;
	watch(thread, ref, bucket_of(thread->process, shape));
	will_map(thread);
	err = iok(device, IOKMEM_CREATE_BUFFER, arg);
	has_mapped(thread);
	trace(thread, "CREATE_BUFFER mapped", shape->identity, arg->address, arg->capacity,
	      arg->options, request.options, err);
	may_fail(&request, EMFILE);
	may_fail(&request, ENFILE);
	may_fail(&request, EPERM);
	if (request.options & IOKMEM_MAP_REFERENCE)
		has_to_fail(&request, ENOENT);
	foresee(&request);
	if (err) {
		if (!expected(err, request.errors))
			fail(thread, "a buffer of %llu bytes, options %#x, mapped with %#x: %s",
			     arg->capacity, arg->options, request.options, strerror(-err));
		return;
	}
	handle.fd = arg->fd;
	got_map(thread, &request, ref, arg->address, arg->capacity);
	take_over(thread, arg->fd, false, shape);
	look_at(thread, ref, below(thread, ref->pages));
}

void op_map(struct thread *thread)
{
	struct request request = { .handle = any_handle(thread) };
	struct reference *ref;

	if (!request.handle || !request.handle->shape.capacity)
		return;
	request.options = any_options(thread, request.handle) | IOKMEM_MAP_ANYWHERE;
	any_range(thread, &request);
	ref = request_map(thread, &request);
	if (ref)
		look_at(thread, ref, below(thread, ref->pages));
}

/* Request a fixed address: one that is free, one that is in use, or one to overwrite. */
void op_place(struct thread *thread)
{
	struct request request = { .handle = any_handle(thread) };
	struct reference *ref;
	size_t size;
	char *place;

	if (!request.handle || !request.handle->shape.capacity ||
	    request.handle->shape.capacity > ARENA_SIZE / 4)
		return;
	request.options = any_options(thread, request.handle);
	any_range(thread, &request);
	size = round_up(request.handle->shape.capacity, PAGE) + 2 * PAGE;
	place = arena_take(thread, size);
	if (!place)
		return;
	request.address = (uintptr_t)place;
	/* Pass the address of the page or of the first byte. */
	if (below(thread, 2))
		request.address += (request.handle->shape.skew + request.offset) % PAGE;
	switch (below(thread, 3)) {
	case 0:
		/* Another thread may have taken the address. */
		munmap(place, size);
		may_fail(&request, EEXIST);
		break;
	case 1:
		/* The map that a Reference request finds is at another address. */
		has_to_fail(&request, EEXIST);
		break;
	case 2:
		request.options |= IOKMEM_MAP_OVERWRITE;
		break;
	}
	ref = request_map(thread, &request);
	if (ref)
		look_at(thread, ref, below(thread, ref->pages));
}

static const int mmap_errors[] = { ENOMEM, EINTR, 0 };
/* Shared pages are held in memory, perhaps for reading only. */
static const int share_errors[] = { ENOMEM, EINTR, EMFILE, ENFILE, EPERM, EACCES, EIO, 0 };

/* Return 0 if mmap() can map the pages, or the expected error. */
static int foresee_mmap(const struct handle *handle, __u32 first, __u32 pages, int prot)
{
	const struct shape *shape = &handle->shape;

	if (handle->read_only && (prot & PROT_WRITE))
		return -EACCES;
	if (first + pages > round_up(shape->capacity, PAGE) / PAGE)
		return -ERANGE;
	if (shape->skew || (first + pages) * PAGE > shape->owned)
		return -EACCES;
	return 0;
}

/* The shape of a dma-buf, and of a descriptor of it. */
static void check_dma_buf(struct thread *thread, const struct handle *handle, int dma_buf)
{
	const struct shape *shape = &handle->shape;
	__u64 size = lseek(dma_buf, 0, SEEK_END);
	struct iokmem_query_buffer buffer;
	int fd;

	world->checks++;
	if (record_of(shape->identity)->resized)
		return;
	if (shape->skew || shape->owned % PAGE || size != round_up(shape->capacity, PAGE))
		fail(thread, "a dma-buf of #%llu has %llu bytes", shape->identity, size);
	fd = with_dma_buf(device, IOKMEM_DIRECTION_OUT, dma_buf);
	if (fd < 0) {
		if (!expected(fd, share_errors))
			fail(thread, "a dma-buf of #%llu: %s", shape->identity, strerror(-fd));
		return;
	}
	if (query(fd, &buffer) || buffer.capacity != shape->capacity ||
	    (handle->read_only && !(buffer.access & IOKMEM_FD_READ_ONLY)))
		fail(thread, "a dma-buf of #%llu is of another, or gives more rights",
		     shape->identity);
	close(fd);
}

/* Export the descriptor. Returns a dma-buf, -1 if that is impossible, or an error. */
static int share(struct thread *thread, const struct handle *handle)
{
	const struct shape *shape = &handle->shape;
	int dma_buf = get_dma_buf(handle->fd, 0);

	trace(thread, "GET_DMA_BUF", shape->identity, 0, shape->capacity, 0, 0, dma_buf);
	if (dma_buf >= 0) {
		check_dma_buf(thread, handle, dma_buf);
		return dma_buf;
	}
	if (!expected(dma_buf, share_errors) &&
	    !(dma_buf == -ERANGE && record_of(shape->identity)->resized))
		fail(thread, "no dma-buf of #%llu: %s", shape->identity, strerror(-dma_buf));
	return -1;
}

/* mmap() the file or a dma-buf of it, at any address or in place of another mapping. */
void op_mmap(struct thread *thread)
{
	struct handle *handle = any_handle(thread);
	int prot = PROT_READ | (below(thread, 3) ? PROT_WRITE : 0), why, err, fd;
	struct reference *ref;
	__u32 first, pages, all;
	char *at = NULL, *address;

	if (!handle || !handle->shape.capacity)
		return;
	all = round_up(handle->shape.capacity, PAGE) / PAGE;
	first = below(thread, all);
	pages = 1 + below(thread, all - first);
	fd = below(thread, 2) ? share(thread, handle) : -1;
	if (pages * PAGE <= ARENA_SIZE / 4 && below(thread, 2))
		at = arena_take(thread, pages * PAGE);
	ref = room_for_reference(thread);
	watch(thread, ref, bucket_of(thread->process, &handle->shape));
	will_map(thread);
	address = mmap(at, pages * PAGE, prot, MAP_SHARED | (at ? MAP_FIXED : 0),
		       fd < 0 ? handle->fd : fd, first * PAGE);
	err = address == MAP_FAILED ? -errno : 0;
	has_mapped(thread);
	if (fd >= 0)
		close(fd);
	trace(thread, "mmap", handle->shape.identity, (uintptr_t)address, pages * PAGE,
	      first * PAGE, prot, err);

	why = foresee_mmap(handle, first, pages, prot);
	/* A multi-descriptor's file cannot be mapped, but its dma-buf can. */
	if (!why && fd < 0 && is_multi(&handle->shape))
		why = -EOPNOTSUPP;
	if (err) {
		/* A shorter dma-buf does not limit the descriptor. */
		if (err != why && !expected(err, mmap_errors) &&
		    !(record_of(handle->shape.identity)->resized &&
		      (err == -ERANGE || err == -EINVAL)) &&
		    !(is_multi(&handle->shape) && fd < 0))
			fail(thread, "mmap of #%llu page %u, %u pages, at %p: %s",
			     handle->shape.identity, first, pages, at, strerror(-err));
		return;
	}
	ref->shape = handle->shape;
	ref->fd = fcntl(handle->fd, F_DUPFD_CLOEXEC, 3);
	ref->options = IOKMEM_MAP_UNIQUE | (handle->read_only ? IOKMEM_MAP_READ_ONLY : 0);
	ref->address = (uintptr_t)address;
	ref->length = pages * PAGE;
	ref->first = first;
	ref->pages = pages;
	remember_making(ref);
	ref->read_only = !(prot & PROT_WRITE);
	ref->own = true;
	if (why)
		fail(thread, "#%llu page %u, %u pages, was mapped, but %s", handle->shape.identity,
		     first, pages, strerror(-why));
	look_at(thread, ref, below(thread, pages));
}

/* Make invalid calls on descriptors that are in use. */
void op_misuse(struct thread *thread)
{
	struct handle *handle = any_handle(thread);
	struct iokmem_create_mapping arg = { .size = sizeof(arg), .options = IOKMEM_MAP_ANYWHERE };
	struct iokmem_create_buffer buffer = { .size = sizeof(buffer), .capacity = PAGE };
	int err, wanted = 0;

	if (!handle)
		return;
	switch (below(thread, 8)) {
	case 0:
		arg.size = sizeof(arg) - 8;
		wanted = -EINVAL;
		break;
	case 1:
		arg.address = PAGE;
		wanted = -EINVAL;
		break;
	case 2:
		arg.options |= 2;
		wanted = -EOPNOTSUPP;
		break;
	case 3:
		arg.options |= IOKMEM_MAP_READ_ONLY;
		arg.offset = ~0ULL - 1;
		arg.length = 2 * PAGE;
		wanted = -EOVERFLOW;
		break;
	case 4:
		buffer.options = IOKMEM_PAGEABLE | IOKMEM_PHYSICALLY_CONTIGUOUS;
		break;
	case 5:
		buffer.capacity = 0;
		break;
	case 6:
		buffer.alignment = 3 * PAGE;
		break;
	case 7:
		buffer.physical_mask = PAGE * 5;
		break;
	}
	if (handle->read_only && !(arg.options & IOKMEM_MAP_READ_ONLY) && wanted == -EOPNOTSUPP)
		wanted = -EACCES;
	if (wanted) {
		err = iok(handle->fd, IOKMEM_CREATE_MAPPING, &arg);
	} else {
		wanted = -EINVAL;
		err = iok(device, IOKMEM_CREATE_BUFFER, &buffer);
	}
	if (err != wanted)
		fail(thread, "misuse: %s instead of %s", strerror(-err), strerror(-wanted));
	err = iok(device, IOKMEM_CREATE_MAPPING, &arg);
	if (err != -ENOTTY)
		fail(thread, "the device can be mapped: %s", strerror(-err));
}
