// SPDX-License-Identifier: GPL-2.0-only
/*
 * Descriptors: create them, pass them to other threads and processes, and change properties
 * that every user of them sees.
 */
#include "torture.h"

#include <sys/socket.h>

static void close_handle(struct handle *handle)
{
	close(handle->fd);
	handle->fd = -1;
}

/* Revoked memory is good for nothing. */
static void close_revoked(struct thread *thread)
{
	int i;

	for (i = 0; i < NR_HANDLES; i++)
		if (thread->handles[i].fd >= 0 && is_revoked(&thread->handles[i].shape))
			close_handle(&thread->handles[i]);
}

struct handle *any_handle(struct thread *thread)
{
	unsigned int i, first = below(thread, NR_HANDLES);

	close_revoked(thread);
	for (i = 0; i < NR_HANDLES; i++) {
		struct handle *handle = &thread->handles[(first + i) % NR_HANDLES];

		if (handle->fd >= 0)
			return handle;
	}
	return NULL;
}

void close_handles(struct thread *thread)
{
	int i;

	for (i = 0; i < NR_HANDLES; i++)
		if (thread->handles[i].fd >= 0)
			close_handle(&thread->handles[i]);
}

static struct handle *room_for_handle(struct thread *thread)
{
	struct handle *handle;
	int i;

	close_revoked(thread);
	for (i = 0; i < NR_HANDLES; i++)
		if (thread->handles[i].fd < 0)
			return &thread->handles[i];
	handle = &thread->handles[below(thread, NR_HANDLES)];
	close_handle(handle);
	return handle;
}

void take_over(struct thread *thread, int fd, bool read_only,
	       const struct shape *shape)
{
	struct handle *handle = room_for_handle(thread);

	handle->shape = *shape;
	handle->read_only = read_only;
	handle->fd = fd;
}

/* Accept a new file descriptor, or an error that is possible here. */
static void got_fd(struct thread *thread, int fd, bool read_only, const struct shape *shape,
		   const int *errors)
{
	if (fd >= 0)
		take_over(thread, fd, read_only, shape);
	else if (!expected(fd, errors))
		fail(thread, "a descriptor of %llu bytes, options %#x: %s", shape->capacity,
		     shape->options, strerror(-fd));
}

static __u64 any_capacity(struct thread *thread)
{
	switch (below(thread, 12)) {
	case 0:		return MAX_PAGES / 2 * PAGE;
	case 1:		return MAX_PAGES * PAGE - below(thread, 2) * 100;
	case 2:		return 1 + below(thread, PAGE);
	case 3: case 4: return 1 + below(thread, 64 * PAGE);
	default:	return (1 + below(thread, 32)) * PAGE;
	}
}

static __u32 any_kind(struct thread *thread)
{
	static const __u32 kinds[] = {
		0, 0, 0, IOKMEM_KERNEL_USER_SHARED, IOKMEM_PHYSICALLY_CONTIGUOUS,
		IOKMEM_PAGEABLE, IOKMEM_PAGEABLE, IOKMEM_PAGEABLE | IOKMEM_PURGEABLE,
		IOKMEM_PAGEABLE | IOKMEM_PURGEABLE, IOKMEM_MAP_WRITE_COMBINE_CACHE,
		IOKMEM_MAP_INHIBIT_CACHE, IOKMEM_MAP_COPYBACK_CACHE,
	};

	return (kinds[below(thread, ARRAY_SIZE(kinds))] & world->possible) | below(thread, 4);
}

/* Nobody else knows the buffer, and it must not contain data of others. */
static void check_fresh(struct thread *thread, int fd, const struct shape *shape)
{
	__u64 value = 0, page;
	char *bytes;
	int sig = 0;

	will_map(thread);
	bytes = mmap(NULL, shape->owned, PROT_READ, MAP_SHARED, fd, 0);
	has_mapped(thread);
	if (bytes == MAP_FAILED)
		return;
	for (page = 0; page < shape->owned / PAGE && page < 64 && !sig && !value; page++) {
		sig = load((uintptr_t)bytes + page * PAGE + FIRST_WORD, &value);
		if (!sig && !value)
			sig = load((uintptr_t)bytes + page * PAGE + NOTE_WORD * sizeof(value),
				   &value);
	}
	world->checks++;
	if (value || (sig && !thread->process->pressed))
		fail(thread,
		     "page %llu of new buffer #%llu, options %#x, is %#llx (#%llu page %llu); signal %d",
		     page - 1, shape->identity, shape->options, value, value >> 22,
		     value >> 10 & 0xfff, sig);
	munmap(bytes, shape->owned);
}

void op_create_buffer(struct thread *thread)
{
	static const int errors[] = { ENOMEM, EPERM, EMFILE, ENFILE, EINTR, 0 };
	struct iokmem_create_buffer arg = {
		.size = sizeof(arg),
		.options = any_kind(thread),
		.capacity = any_capacity(thread),
	};
	struct shape shape = {};
	int err;

	if (!(arg.options & IOKMEM_PAGEABLE)) {
		if (!below(thread, 4))
			arg.alignment = PAGE << below(thread, 6);
		if (!below(thread, 6))
			arg.physical_mask = 0xffffffff;
	}
	shape.identity = new_identity();
	shape.root = shape.identity;
	shape.options = arg.options;
	shape.capacity = arg.capacity;
	shape.owned = round_up(arg.capacity, PAGE);
	shape.nr = 1;
	shape.pieces[0] = (struct piece){
		.buffer = shape.identity, .pages = shape.owned / PAGE,
	};
	if (!below(thread, 3)) {
		map_at_birth(thread, &arg, &shape);
		return;
	}
	err = iok(device, IOKMEM_CREATE_BUFFER, &arg);
	trace(thread, "CREATE_BUFFER", shape.identity, 0, arg.capacity, 0, arg.options, err);
	if (!err && below(thread, 2))
		check_fresh(thread, arg.fd, &shape);
	got_fd(thread, err ? err : arg.fd, false, &shape, errors);
}

void op_create_sub(struct thread *thread)
{
	static const int errors[] = { ENOMEM, EMFILE, ENFILE, EINTR, 0 };
	struct handle *from = any_handle(thread);
	struct shape shape = {};
	__u64 offset, length, skipped;
	int fd;

	if (!from || !from->shape.capacity)
		return;
	offset = below(thread, from->shape.capacity);
	length = below(thread, from->shape.capacity - offset + 1);
	if (below(thread, 4)) {
		offset &= ~(PAGE - 1);
		length = round_up(length, PAGE);
		if (offset + length > from->shape.capacity)
			length = from->shape.capacity - offset;
	}
	shape.identity = new_identity();
	shape.root = from->shape.root;
	shape.window = true;
	shape.options = from->shape.options;
	shape.skew = (from->shape.skew + offset) % PAGE;
	shape.capacity = length;
	shape.owned = offset + length == from->shape.capacity ?
		      from->shape.owned - offset : length;
	skipped = from->shape.skew + offset;
	if (!slice(&from->shape, skipped / PAGE,
		   round_up(shape.skew + shape.owned, PAGE) / PAGE, &shape))
		return;
	fd = create_sub(from->fd, below(thread, 4), offset, length);
	trace(thread, "CREATE_SUB", shape.identity, 0, length, offset, from->shape.identity, fd);
	/* Another process may have made the parent shorter. */
	if (fd == -ERANGE && record_of(from->shape.identity)->resized)
		return;
	got_fd(thread, fd, from->read_only, &shape, errors);
}

/* Return true if the descriptor can be a member, with others before and behind it. */
static bool fits(const struct shape *shape, bool last)
{
	return !shape->skew && shape->capacity && (last || shape->capacity % PAGE == 0);
}

void op_create_multi(struct thread *thread)
{
	static const int errors[] = { ENOMEM, EMFILE, ENFILE, EINTR, EINVAL, 0 };
	struct iokmem_query_buffer buffer;
	struct shape shape = {};
	struct handle *member;
	bool read_only = false;
	__u64 roots[MAX_MEMBERS];
	__s32 fds[MAX_MEMBERS];
	int i, fd, nr = 0, wanted = 1 + below(thread, MAX_MEMBERS);

	while (nr < wanted) {
		member = any_handle(thread);
		if (!member || !fits(&member->shape, nr == wanted - 1))
			break;
		if (shape.capacity + member->shape.capacity > MAX_PAGES * PAGE ||
		    !slice(&member->shape, 0, round_up(member->shape.owned, PAGE) / PAGE,
			   &shape))
			break;
		shape.owned = shape.capacity + member->shape.owned;
		shape.capacity += member->shape.capacity;
		read_only |= member->read_only;
		shape.window |= member->shape.window;
		roots[nr] = member->shape.root;
		fds[nr++] = member->fd;
	}
	if (nr != wanted)
		return;
	shape.identity = new_identity();
	shape.root = shape.identity;
	for (i = 0; i < nr; i++)
		record_of(shape.identity)->members[i] = roots[i];
	fd = create_multi(device, below(thread, 4), fds, nr);
	trace(thread, "CREATE_MULTI", shape.identity, 0, shape.capacity, 0, nr, fd);
	/* A member that had another length when it was added does not match the model. */
	if (fd >= 0 && (query(fd, &buffer) || buffer.capacity != shape.capacity)) {
		close(fd);
		return;
	}
	got_fd(thread, fd, read_only, &shape, errors);
}

void op_duplicate(struct thread *thread)
{
	static const int errors[] = { ENOMEM, EMFILE, ENFILE, EINTR, 0 };
	struct handle *from = any_handle(thread);
	bool read_only = below(thread, 2);
	struct shape shape;
	int fd;

	if (!from)
		return;
	shape = from->shape;
	fd = duplicate(from->fd, read_only ? IOKMEM_FD_READ_ONLY : 0);
	got_fd(thread, fd, read_only || from->read_only, &shape, errors);
}

/* Query a descriptor, or one that only a map keeps. */
void op_close(struct thread *thread)
{
	struct handle *handle = any_handle(thread);
	struct reference *ref;

	if (handle && below(thread, 4)) {
		close_handle(handle);
		return;
	}
	ref = any_own_reference(thread);
	if (ref && ref->fd >= 0 && !(ref->options & IOKMEM_MAP_GUARDED_MASK)) {
		close(ref->fd);
		ref->fd = -1;
	}
}

/* Pass a descriptor to another thread of the process. */
void op_give(struct thread *thread)
{
	struct process *process = thread->process;
	struct handle *from = any_handle(thread);
	struct handle *place = &process->shelf[below(thread, NR_SHELVES)];

	if (!from)
		return;
	pthread_mutex_lock(&process->shelf_lock);
	if (place->fd >= 0)
		close(place->fd);
	*place = *from;
	place->fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 3);
	pthread_mutex_unlock(&process->shelf_lock);
}

void op_take(struct thread *thread)
{
	struct process *process = thread->process;
	struct handle *place = &process->shelf[below(thread, NR_SHELVES)];
	struct handle taken;

	pthread_mutex_lock(&process->shelf_lock);
	taken = *place;
	if (taken.fd >= 0)
		taken.fd = fcntl(taken.fd, F_DUPFD_CLOEXEC, 3);
	pthread_mutex_unlock(&process->shelf_lock);
	if (taken.fd >= 0)
		take_over(thread, taken.fd, taken.read_only, &taken.shape);
}

void clear_shelf(struct process *process)
{
	int i;

	for (i = 0; i < NR_SHELVES; i++)
		if (process->shelf[i].fd >= 0)
			close_handle(&process->shelf[i]);
}

/* Pass a descriptor to any process. A message survives the death of its sender. */
union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

void op_send(struct thread *thread)
{
	struct handle *from = any_handle(thread);
	struct iovec iov = { .iov_base = from, .iov_len = sizeof(*from) };
	union control control = {};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	if (!from)
		return;
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &from->fd, sizeof(int));
	/* The socket may be full. */
	sendmsg(wire[0], &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool receive_handle(struct handle *handle)
{
	struct iovec iov = { .iov_base = handle, .iov_len = sizeof(*handle) };
	union control control = {};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	if (recvmsg(wire[1], &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != sizeof(*handle))
		return false;
	/* Without a free fd, the received descriptor is lost. */
	handle->fd = -1;
	if (CMSG_FIRSTHDR(&message))
		memcpy(&handle->fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return true;
}

void op_receive(struct thread *thread)
{
	struct handle handle;

	if (receive_handle(&handle) && handle.fd >= 0)
		take_over(thread, handle.fd, handle.read_only, &handle.shape);
}

void op_query(struct thread *thread)
{
	static const int count_errors[] = { ENOMEM, EOPNOTSUPP, EINTR, 0 };
	struct handle *handle = any_handle(thread);
	struct iokmem_get_page_counts counts;
	struct iokmem_query_buffer buffer;
	int err;

	if (!handle)
		return;
	err = query(handle->fd, &buffer);
	if (err)
		fail(thread, "QUERY_BUFFER of #%llu: %s", handle->shape.identity, strerror(-err));
	else if (buffer.capacity != handle->shape.capacity ||
		 !(buffer.access & IOKMEM_FD_READ_ONLY) != !handle->read_only)
		fail(thread, "#%llu has a capacity of %llu (not %llu), access %u",
		     handle->shape.identity, buffer.capacity, handle->shape.capacity,
		     buffer.access);
	if (!err && buffer.length != buffer.capacity &&
	    !record_of(handle->shape.identity)->resized)
		fail(thread, "#%llu has a length of %llu, but nobody said so",
		     handle->shape.identity, buffer.length);
	err = page_counts(handle->fd, &counts);
	if (!expected(err, count_errors))
		fail(thread, "GET_PAGE_COUNTS of #%llu: %s", handle->shape.identity,
		     strerror(-err));
	if (!err && counts.dirty > counts.resident)
		fail(thread, "#%llu has %llu dirty pages of %llu", handle->shape.identity,
		     counts.dirty, counts.resident);
}

/* Shorten the buffer for a moment. */
void op_set_length(struct thread *thread)
{
	struct handle *handle = any_handle(thread);
	__u64 length;
	int err;

	if (!handle)
		return;
	record_of(handle->shape.identity)->resized = true;
	length = below(thread, handle->shape.capacity + 1);
	err = set_length(handle->fd, length);
	trace(thread, "SET_LENGTH", handle->shape.identity, 0, length, 0, 0, err);
	if (err != (handle->read_only ? -EACCES : is_buffer(&handle->shape) ? 0 : -EOPNOTSUPP))
		fail(thread, "SET_LENGTH of #%llu, %sread-only: %s", handle->shape.identity,
		     handle->read_only ? "" : "not ", strerror(-err));
	if (set_length(handle->fd, handle->shape.capacity + 1) == 0)
		fail(thread, "#%llu is longer than it can be", handle->shape.identity);
	if (!err)
		set_length(handle->fd, handle->shape.capacity);
}

/*
 * Revoke the descriptor, unless the handle is without the right. A child of fork() does not:
 * nobody would see that its revoke has ended with it.
 */
void op_revoke(struct thread *thread)
{
	struct handle *handle = any_handle(thread);
	atomic_int *revoking = &world->revoking[thread->process->slot];
	struct record *record;
	int err;

	if (!handle || thread->index == NR_THREADS)
		return;
	record = record_of(handle->shape.root);
	record->revoking++;
	(*revoking)++;
	world->revokes++;
	err = revoke_memory(handle->fd);
	trace(thread, "REVOKE", handle->shape.identity, 0, 0, 0, 0, err);
	if (!err)
		record->revoked = true;
	record->revoking--;
	(*revoking)--;
	/* This thread knows what has been revoked. */
	begin_op(thread);
	if (err && err != -EACCES)
		fail(thread, "REVOKE of #%llu: %s", handle->shape.identity, strerror(-err));
	if (err)
		return;
	world->checks++;
	if (nr_maps(handle->fd))
		fail(thread, "#%llu has %d maps after its revoke", handle->shape.identity,
		     nr_maps(handle->fd));
	err = try_map(handle->fd, IOKMEM_MAP_ANYWHERE, 0, 0, 0);
	if (err != -ENODEV)
		fail(thread, "#%llu can be mapped after its revoke: %d", handle->shape.identity,
		     err);
}
