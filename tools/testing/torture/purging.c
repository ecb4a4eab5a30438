// SPDX-License-Identifier: GPL-2.0-only
/*
 * Purgeable memory: many threads change its state, and the content is checked if nobody else
 * did.
 */
#include "torture.h"

void op_set_purgeable(struct thread *thread)
{
	struct handle *handle = any_handle(thread);
	__u32 state = 1 + below(thread, 4);
	__u64 begun[MAX_PIECES];
	unsigned int i;
	int old;

	if (!handle)
		return;
	for (i = 0; i < handle->shape.nr; i++) {
		struct record *record = record_of(handle->shape.pieces[i].buffer);

		if (state != IOKMEM_PURGEABLE_KEEP_CURRENT &&
		    record->identity == handle->shape.pieces[i].buffer)
			record->purged = true;
		change_begin(handle->shape.pieces[i].buffer, &begun[i]);
	}
	old = set_purgeable(handle->fd, state);
	for (i = 0; i < handle->shape.nr; i++)
		change_end(handle->shape.pieces[i].buffer, begun[i], false);
	trace(thread, "SET_PURGEABLE", handle->shape.identity, 0, 0, 0, state, old);

	if ((handle->read_only || handle->shape.window) &&
	    state != IOKMEM_PURGEABLE_KEEP_CURRENT) {
		if (old != -EACCES)
			fail(thread, "SET_PURGEABLE of #%llu, which is %s: %d",
			     handle->shape.identity,
			     handle->read_only ? "read-only" : "a window", old);
	} else if (old != -EOPNOTSUPP && (old < IOKMEM_PURGEABLE_NON_VOLATILE ||
					  old > IOKMEM_PURGEABLE_EMPTY)) {
		fail(thread, "SET_PURGEABLE of #%llu: %d", handle->shape.identity, old);
	} else if (is_buffer(&handle->shape) &&
		   (old == -EOPNOTSUPP) != !(handle->shape.options & IOKMEM_PURGEABLE)) {
		fail(thread, "SET_PURGEABLE of #%llu with options %#x: %d",
		     handle->shape.identity, handle->shape.options, old);
	}
}

/*
 * Check the content against the states, as long as no other thread uses the buffer. Volatile
 * memory has its content, or was emptied and reports that. Empty memory is zero.
 */
static const char *purge_and_tell(const struct reference *ref, __u64 address, __u64 mark)
{
	int before, after;
	__u64 value = 0;

	if (store(address, mark))
		return "it can be written";
	before = set_purgeable(ref->fd, IOKMEM_PURGEABLE_VOLATILE);
	after = set_purgeable(ref->fd, IOKMEM_PURGEABLE_NON_VOLATILE);
	if (before < 0 || after < 0)
		return "it is purgeable";
	if (load(address, &value))
		return "volatile memory can be read";
	if ((after == IOKMEM_PURGEABLE_VOLATILE || before == IOKMEM_PURGEABLE_EMPTY) &&
	    value != mark)
		return "what was not emptied has its content";
	if (after == IOKMEM_PURGEABLE_EMPTY && before != IOKMEM_PURGEABLE_EMPTY && value)
		return "what was emptied is zero";

	if (set_purgeable(ref->fd, IOKMEM_PURGEABLE_EMPTY) != IOKMEM_PURGEABLE_NON_VOLATILE)
		return "it was non-volatile";
	if (load(address, &value) || value)
		return "empty memory is zero";
	if (store(address, mark) || load(address, &value) || value != mark)
		return "empty memory keeps what is written";
	if (set_purgeable(ref->fd, IOKMEM_PURGEABLE_NON_VOLATILE) != IOKMEM_PURGEABLE_EMPTY)
		return "it was empty";
	if (load(address, &value) || value != mark)
		return "memory that was empty keeps what was written";
	return NULL;
}

void op_purge_alone(struct thread *thread)
{
	struct reference *ref = any_own_reference(thread);
	const char *wrong;
	__u64 begun, buffer;
	__u32 page, in_buffer;
	bool alone;

	if (!ref || ref->fd < 0 || ref->read_only || ref->shape.window ||
	    !(ref->shape.options & IOKMEM_PURGEABLE))
		return;
	page = below(thread, ref->pages);
	buffer = piece_of(&ref->shape, ref->first + page, &in_buffer)->buffer;
	if (record_of(buffer)->identity != buffer)
		return;
	record_of(buffer)->purged = true;
	if (!hold(thread, ref))
		return;
	alone = change_begin(buffer, &begun);
	wrong = purge_and_tell(ref, word_address(ref, page, FIRST_WORD),
			       stamp(buffer, in_buffer, FIRST_WORD));
	alone = change_end(buffer, begun, alone);
	let_go(thread);
	trace(thread, "purge alone", buffer, ref->address, 0, page * PAGE, alone, !!wrong);
	if (!alone || thread->process->pressed)
		return;
	world->checks++;
	if (wrong)
		fail(thread, "purgeable #%llu: not true: %s", buffer, wrong);
}
