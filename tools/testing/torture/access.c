// SPDX-License-Identifier: GPL-2.0-only
/*
 * Touching memory that may not be there, or may not be written. All return the signal
 * that it raised, or 0.
 */
#include "torture.h"

static __thread sigjmp_buf fault_env;
static __thread volatile bool fault_expected;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	static const char text[] = "# a signal that nothing explains\n";

	if (fault_expected)
		siglongjmp(fault_env, sig);
	/* A mistake of this program's, which the one who waits for us reports. */
	(void)!write(2, text, sizeof(text) - 1);
	signal(sig, SIG_DFL);
}

void catch_faults(void)
{
	/* Jumping out of a handler leaves its signal blocked, without this flag. */
	struct sigaction act = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_NODEFER,
	};

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
}

#define TOUCH(how)							\
	({								\
		int _sig = sigsetjmp(fault_env, 0);			\
									\
		if (!_sig) {						\
			fault_expected = true;				\
			how;						\
		}							\
		fault_expected = false;					\
		_sig;							\
	})

int load(__u64 address, __u64 *value)
{
	return TOUCH(*value = *(volatile __u64 *)(uintptr_t)address);
}

/* A locked exchange, which also brings to memory what is written to it combined. */
int store(__u64 address, __u64 value)
{
	return TOUCH(atomic_exchange((atomic_ullong *)(uintptr_t)address, value));
}

/* If the comparison fails, write what is there: some CPUs would write nothing. */
static void exchange_or_rewrite(atomic_ullong *word, __u64 *expected, __u64 value)
{
	unsigned long long found = *expected;

	if (atomic_compare_exchange_strong(word, &found, value))
		return;
	*expected = found;
	while (!atomic_compare_exchange_strong(word, &found, found))
		continue;
}

/* If it is as *@expected, make it @value. Tells what it was. A write in any case. */
int exchange(__u64 address, __u64 *expected, __u64 value)
{
	return TOUCH(exchange_or_rewrite((atomic_ullong *)(uintptr_t)address, expected,
					 value));
}
