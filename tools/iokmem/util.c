// SPDX-License-Identifier: GPL-2.0-only
/* Messages, memory, numbers and names. */
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "iokmem.h"

static void message(const char *format, va_list args)
{
	fflush(stdout);
	fputs("iokmem: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(format, args);
	va_end(args);
	exit(EXIT_TROUBLE);
}

void warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(format, args);
	va_end(args);
}

char *vtext_of(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		die("no memory");
	return text;
}

char *text_of(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = vtext_of(format, args);
	va_end(args);
	return text;
}

void *zalloc(size_t nr, size_t size)
{
	void *memory = calloc(nr ? nr : 1, size);

	if (!memory)
		die("no memory");
	return memory;
}

/* Return @array, of @nr elements, with room for one more. */
void *grow(void *array, size_t nr, size_t size)
{
	/* The room doubles whenever the number reaches a power of two. */
	if (nr & (nr - 1))
		return array;
	array = reallocarray(array, nr ? 2 * nr : 1, size);
	if (!array)
		die("no memory");
	return array;
}

char *copy_of(const char *text)
{
	return text_of("%s", text);
}

/* Open a file below the root for reading. Return NULL with errno set on failure. */
FILE *open_file(const char *format, ...)
{
	char *path, *whole;
	va_list args;
	FILE *file;
	int err;

	va_start(args, format);
	path = vtext_of(format, args);
	va_end(args);
	whole = text_of("%s%s", options.root, path);
	file = fopen(whole, "re");
	err = errno;
	free(whole);
	free(path);
	errno = err;
	return file;
}

/* Read a number that is all of @text, decimal or with 0x. Return false if it is none. */
bool parse_number(const char *text, __u64 *number)
{
	unsigned long long parsed;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	parsed = strtoull(text, &end, text[0] == '0' && text[1] == 'x' ? 16 : 10);
	if (errno || *end)
		return false;
	*number = parsed;
	return true;
}

/* Print a text that a program has chosen, so that it cannot command a terminal. */
void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;

		if (c < ' ' || c == 0x7f)
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
	}
}

/* Return the length of the UTF-8 character at @text, or 0 if there is none. */
int utf8_length(const unsigned char *text)
{
	int length = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 :
		     text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0, i;

	for (i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, halves of pairs, and what is beyond the last character. */
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] >= 0xa0) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] >= 0x90))
		return 0;
	return length;
}

/* Print a size to @text, with the unit that leaves at most four digits. */
const char *size_text(__u64 bytes, char *text, size_t size)
{
	static const char units[] = "BKMGTPE";
	__u64 whole = bytes;
	int unit = 0, tenths = 0;

	while (whole >= 1024) {
		tenths = (whole % 1024) * 10 / 1024;
		whole /= 1024;
		unit++;
	}
	if (unit && whole < 10 && tenths)
		snprintf(text, size, "%llu.%d%c", whole, tenths, units[unit]);
	else
		snprintf(text, size, "%llu%c", whole, units[unit]);
	return text;
}

/* Return the name of a user, or the number. It is valid until the next call. */
const char *user_name(uid_t uid)
{
	/* A statically linked program can look up no other users than those of the file. */
	static char name[64];
	FILE *passwd = open_file("/etc/passwd");
	struct passwd *entry;

	snprintf(name, sizeof(name), "%u", uid);
	if (!passwd)
		return name;
	while ((entry = fgetpwent(passwd))) {
		if (entry->pw_uid != uid)
			continue;
		snprintf(name, sizeof(name), "%s", entry->pw_name);
		break;
	}
	fclose(passwd);
	return name;
}
