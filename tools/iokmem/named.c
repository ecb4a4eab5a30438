// SPDX-License-Identifier: GPL-2.0-only
/* iokmem create, iokmem remove: named buffers, by the module iokmem_named. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iokmem.h"

#define DRIVER	"/sys/bus/platform/drivers/iokmem-buffer"

/* Write the text to a file of the module. Returns 0 or an errno. */
static int tell_module(const char *file, const char *text)
{
	char *path = text_of("%s" DRIVER "/%s", options.root, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0) {
		if (errno == ENOENT)
			die("the module is not there: try 'modprobe iokmem_named'");
		die("%s cannot be written: %s", path, strerror(errno));
	}
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	close(fd);
	free(path);
	return err;
}

/* The module takes ':' and a newline for the end of a word. */
static void check_words(const char *const *words)
{
	for (; *words; words++)
		if (!**words || strpbrk(*words, ":\n"))
			die("'%s' can be neither a name, a size nor an option", *words);
}

static const char *reason(int err)
{
	switch (err) {
	case EEXIST:
		return "there is one of that name";
	case EINVAL:
		return "the name or size is not valid, or the options conflict: see iokmem(1)";
	case ENAMETOOLONG:
		return "the name is longer than 31 characters";
	case EOVERFLOW:
		return "no memory is so large";
	case EOPNOTSUPP:
		return "an option is unknown, or the machine has no such cache: see iokmem(1)";
	case ENOMEM:
		return "there is not so much memory, or not in one block: try it early after boot";
	default:
		return strerror(err);
	}
}

int command_create(void)
{
	const char *const *word = options.arguments;
	char *text = copy_of(""), *longer;
	int err;

	if (!word[0] || !word[1])
		die("create takes a name and a size: try 'iokmem --help'");
	check_words(word);
	for (; *word; word++) {
		longer = text_of("%s%s%s", text, *text ? ":" : "", *word);
		free(text);
		text = longer;
	}
	err = tell_module("create", text);
	free(text);
	if (err)
		die("%s was not made: %s", options.argument, reason(err));
	return 0;
}

int command_remove(void)
{
	int err;

	if (!options.argument)
		die("remove takes a name: try 'iokmem --help'");
	check_words(options.arguments);
	err = tell_module("remove", options.argument);
	if (err == ENOENT)
		die("%s is not a buffer that 'iokmem create' or the module's parameter has made",
		    options.argument);
	if (err)
		die("%s was not removed: %s", options.argument, strerror(err));
	return 0;
}
