// SPDX-License-Identifier: GPL-2.0-only
/* The content of pages: a stamp, or zero where that is allowed. */
#include "torture.h"

/*
 * Return the word that marks a page of a buffer. Words used in a page differ below 512. Never
 * zero.
 */
__u64 stamp(__u64 buffer, __u32 page, unsigned int word)
{
	return buffer << 22 | (__u64)page << 10 | word % 512 << 1 | 1;
}

/* Return true if this is neither a sub- nor a multi-descriptor. */
bool is_buffer(const struct shape *shape)
{
	return shape->nr == 1 && shape->pieces[0].buffer == shape->identity;
}

/* Return true for a multi-descriptor, or a part of one. */
bool is_multi(const struct shape *shape)
{
	return shape->root != shape->pieces[0].buffer;
}

/* Return true for pageable memory. A multi-descriptor's shape does not tell. */
bool is_pageable(const struct shape *shape)
{
	return shape->options & IOKMEM_PAGEABLE;
}

/* Return the piece with that page of a descriptor, and the page's number in the buffer. */
const struct piece *piece_of(const struct shape *shape, __u32 page, __u32 *in_buffer)
{
	unsigned int i;

	for (i = 0; i < shape->nr && i < MAX_PIECES; i++) {
		const struct piece *piece = &shape->pieces[i];

		if (page < piece->pages) {
			*in_buffer = piece->first + page;
			return piece;
		}
		page -= piece->pages;
	}
	return NULL;
}

/* Record what a map was created from, as far as a redirection depends on it. */
void remember_making(struct reference *ref)
{
	const struct piece *piece = piece_of(&ref->shape, ref->first, &ref->made_first);

	ref->redirected = false;
	ref->made_of = piece && is_pageable(&ref->shape) ? piece->buffer : 0;
}

/* Append some pages of a descriptor to another shape. Returns false if there is no room. */
bool slice(const struct shape *from, __u32 first, __u32 pages, struct shape *to)
{
	__u32 in_buffer;

	while (pages) {
		const struct piece *piece = piece_of(from, first, &in_buffer);
		__u32 n;

		if (!piece || to->nr == MAX_PIECES)
			return false;
		n = piece->first + piece->pages - in_buffer;
		if (n > pages)
			n = pages;
		to->pieces[to->nr++] = (struct piece){
			.buffer = piece->buffer, .first = in_buffer, .pages = n,
		};
		first += n;
		pages -= n;
	}
	return true;
}

__u64 word_address(const struct reference *ref, __u32 page, unsigned int word)
{
	return (ref->address & ~(PAGE - 1)) + page * PAGE + word * sizeof(__u64);
}

static struct record *record_of_page(const struct reference *ref, __u32 page, __u64 *bit)
{
	__u32 in_buffer;
	const struct piece *piece = piece_of(&ref->shape, ref->first + page, &in_buffer);

	if (!piece || in_buffer >= MAX_PAGES)
		return NULL;
	*bit = in_buffer;
	return record_of(piece->buffer);
}

/* Return true if somebody has written the stamp to this page. */
bool is_written(const struct reference *ref, __u32 page)
{
	__u64 bit = 0;
	struct record *record = record_of_page(ref, page, &bit);

	return record && record->written[bit / 64] >> bit % 64 & 1;
}

static void now_written(const struct reference *ref, __u32 page)
{
	__u64 bit = 0;
	struct record *record = record_of_page(ref, page, &bit);

	if (record)
		record->written[bit / 64] |= 1ULL << bit % 64;
}

/* Compare a word with the model. @written tells whether the stamp was there before the read. */
void check_value(struct thread *thread, const struct reference *ref, __u32 page,
		 unsigned int word, __u64 value, bool written)
{
	__u32 in_buffer = 0;
	const struct piece *piece = piece_of(&ref->shape, ref->first + page, &in_buffer);
	struct record *record;
	__u64 right;

	if (word >= NOTE_WORD && word < NOTE_WORD + NR_NOTES)
		return;
	if (!piece) {
		fail(thread, "page %u is not in the model of #%llu", page, ref->shape.identity);
		return;
	}
	record = record_of(piece->buffer);
	right = word == FIRST_WORD || word == LAST_WORD ?
		stamp(piece->buffer, in_buffer, word) : 0;
	/* The record belongs to a newer buffer, so this buffer was destroyed long ago. */
	if (record->identity != piece->buffer)
		return;
	if (value && value != right)
		fail(thread,
		     "page %u of #%llu at %#llx, word %u, is %#llx (#%llu page %llu) and not %#llx (#%llu page %u)",
		     page, ref->shape.identity, (unsigned long long)ref->address, word,
		     value, value >> 22, value >> 10 & 0xfff, right, piece->buffer,
		     in_buffer);
	if (!value && right && written && !record->purged)
		fail(thread,
		     "page %u of #%llu at %#llx, word %u, page %u of buffer #%llu, has lost its content",
		     page, ref->shape.identity, (unsigned long long)ref->address, word,
		     in_buffer, piece->buffer);
}

static unsigned int any_word(struct thread *thread)
{
	switch (below(thread, 4)) {
	case 0:		return LAST_WORD;
	case 1:		return below(thread, NR_WORDS);
	default:	return FIRST_WORD;
	}
}

/* In a cgroup that is short of memory, a page that was swapped out may be lost to SIGBUS. */
static bool is_excused(const struct thread *thread, const struct reference *ref, int sig)
{
	return sig == SIGBUS && thread->process->pressed;
}

void look_at(struct thread *thread, const struct reference *ref, __u32 page)
{
	unsigned int word = any_word(thread);
	bool written = is_written(ref, page);
	__u64 value;
	int sig;

	sig = load(word_address(ref, page, word), &value);
	if (!sure(ref))
		return;
	world->checks++;
	if (sig && !is_excused(thread, ref, sig))
		fail(thread, "page %u of #%llu at %#llx cannot be read: signal %d", page,
		     ref->shape.identity, (unsigned long long)ref->address, sig);
	if (!sig)
		check_value(thread, ref, page, word, value, written);
}

/*
 * Write the stamp over itself. If another map has taken the address, its memory does not
 * change.
 */
void nudge(struct thread *thread, const struct reference *ref, __u32 page)
{
	bool written = is_written(ref, page);
	__u32 in_buffer;
	const struct piece *piece = piece_of(&ref->shape, ref->first + page, &in_buffer);
	__u64 value;
	int sig;

	if (!piece)
		return;
	value = stamp(piece->buffer, in_buffer, FIRST_WORD);
	sig = exchange(word_address(ref, page, FIRST_WORD), &value, value);
	if (!sure(ref))
		return;
	world->checks++;
	if (ref->read_only) {
		if (sig != SIGSEGV && !is_excused(thread, ref, sig))
			fail(thread, "a read-only map of #%llu at %#llx can be written: signal %d",
			     ref->shape.identity, (unsigned long long)ref->address, sig);
		return;
	}
	if (sig && !is_excused(thread, ref, sig))
		fail(thread, "page %u of #%llu at %#llx cannot be written: signal %d", page,
		     ref->shape.identity, (unsigned long long)ref->address, sig);
	if (!sig)
		check_value(thread, ref, page, FIRST_WORD, value, written);
}

/*
 * Write the stamp. The caller holds the map. Returns true if nobody else has changed the
 * buffer meanwhile.
 */
bool put_stamp(struct thread *thread, const struct reference *ref, __u32 page)
{
	__u32 in_buffer;
	const struct piece *piece = piece_of(&ref->shape, ref->first + page, &in_buffer);
	__u64 buffer, begun;
	bool alone;
	int sig;

	if (!piece || ref->read_only)
		return false;
	buffer = piece->buffer;
	alone = change_begin(buffer, &begun);
	sig = store(word_address(ref, page, LAST_WORD), stamp(buffer, in_buffer, LAST_WORD));
	if (!sig)
		sig = store(word_address(ref, page, FIRST_WORD),
			    stamp(buffer, in_buffer, FIRST_WORD));
	if (!sig)
		now_written(ref, page);
	else if (!is_excused(thread, ref, sig))
		fail(thread, "page %u of #%llu at %#llx cannot be stamped: signal %d", page,
		     ref->shape.identity, (unsigned long long)ref->address, sig);
	return change_end(buffer, begun, alone);
}
