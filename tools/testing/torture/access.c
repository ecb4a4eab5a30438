// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses to memory that may not be there or may be read-only. All functions return the
 * signal that the access raised, or 0.
 */
#include "torture.h"

static __thread sigjmp_buf fault_env;
static __thread volatile bool fault_expected;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	static const char text[] = "# a signal that nothing explains\n";

	if (fault_expected)
		siglongjmp(fault_env, sig);
	/* Another signal is a bug in this program. The parent reports it. */
	(void)!write(2, text, sizeof(text) - 1);
	signal(sig, SIG_DFL);
}

void catch_faults(void)
{
	/* Without saving the mask, a jump out of the handler would leave the signal blocked. */
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

/* Exchange a value with a locked instruction, which also flushes write-combined data. */
int store(__u64 address, __u64 value)
{
	return TOUCH(atomic_exchange((atomic_ullong *)(uintptr_t)address, value));
}

/* If the comparison fails, write back what is there: some CPUs would write nothing. */
static void exchange_or_rewrite(atomic_ullong *word, __u64 *expected, __u64 value)
{
	unsigned long long found = *expected;

	if (atomic_compare_exchange_strong(word, &found, value))
		return;
	*expected = found;
	while (!atomic_compare_exchange_strong(word, &found, found))
		continue;
}

/*
 * Write @value if the memory has *@expected, and update that. The access is a write in any
 * case.
 */
int exchange(__u64 address, __u64 *expected, __u64 value)
{
	return TOUCH(exchange_or_rewrite((atomic_ullong *)(uintptr_t)address, expected,
					 value));
}
