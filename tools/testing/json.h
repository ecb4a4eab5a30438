/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON, strictly: what does not follow RFC 8259 is refused. Numbers are whole and not negative, as
 * those of iokmem(1) are.
 */
#ifndef _JSON_H
#define _JSON_H

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct json - a value
 * @type: '{', '[', '"', '0' (a number), 't', 'f' or 'n'
 * @name: of a member of an object, or NULL
 * @text: of a string, without the marks. Escapes are kept.
 * @number: of a number
 * @first: the first member or element
 * @next: the next member or element of that which has this one
 */
struct json {
	char type;
	char *name;
	char *text;
	uint64_t number;
	struct json *first;
	struct json *next;
};

static inline void json_free(struct json *value)
{
	while (value) {
		struct json *next = value->next;

		json_free(value->first);
		free(value->name);
		free(value->text);
		free(value);
		value = next;
	}
}

static inline const char *json_skip(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* Return true if the bytes are UTF-8, without overlong forms and halves of pairs. */
static inline bool json_is_utf8(const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + length;

	while (at < end) {
		static const unsigned int smallest[] = { 0, 0x80, 0x800, 0x10000 };
		unsigned int lead = *at++;
		unsigned int more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
		unsigned int c = lead & (0x7f >> (more ? more + 1 : 0)), i;

		if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || end - at < more)
			return false;
		for (i = 0; i < more; i++, at++) {
			if ((*at & 0xc0) != 0x80)
				return false;
			c = c << 6 | (*at & 0x3f);
		}
		if (c < smallest[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return false;
	}
	return true;
}

/* Return the text of the string at *@at, and go past it; or NULL. */
static inline char *json_string(const char **at)
{
	const char *begin = *at + 1, *end = begin;
	int i;

	if (**at != '"')
		return NULL;
	for (; *end != '"'; end++) {
		if ((unsigned char)*end < ' ')
			return NULL;
		if (*end != '\\')
			continue;
		end++;
		if (*end == 'u') {
			for (i = 1; i <= 4; i++)
				if (!isxdigit((unsigned char)end[i]))
					return NULL;
			end += 4;
		} else if (!*end || !strchr("\"\\/bfnrt", *end)) {
			return NULL;
		}
	}
	*at = end + 1;
	return json_is_utf8(begin, end - begin) ? strndup(begin, end - begin) : NULL;
}

static inline struct json *json_value(const char **at);

/* Read the members of an object, or the elements of an array. */
static inline bool json_inside(const char **at, struct json *value)
{
	char end = value->type == '{' ? '}' : ']';
	struct json **last = &value->first;

	*at = json_skip(*at + 1);
	if (**at == end) {
		++*at;
		return true;
	}
	for (;;) {
		char *name = NULL;

		*at = json_skip(*at);
		if (value->type == '{') {
			name = json_string(at);
			*at = name ? json_skip(*at) : *at;
			if (!name || *(*at)++ != ':') {
				free(name);
				return false;
			}
		}
		*last = json_value(at);
		if (!*last) {
			free(name);
			return false;
		}
		(*last)->name = name;
		last = &(*last)->next;
		*at = json_skip(*at);
		if (**at == end) {
			++*at;
			return true;
		}
		if (*(*at)++ != ',')
			return false;
	}
}

static inline bool json_word(const char **at, const char *word)
{
	if (strncmp(*at, word, strlen(word)))
		return false;
	*at += strlen(word);
	return true;
}

static inline bool json_digits(const char **at, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)**at) || (**at == '0' && isdigit((unsigned char)(*at)[1])))
		return false;
	*number = strtoull(*at, &end, 10);
	*at = end;
	return true;
}

/* Return the value at *@at, and go past it; or NULL. */
static inline struct json *json_value(const char **at)
{
	struct json *value = calloc(1, sizeof(*value));
	bool good;

	*at = json_skip(*at);
	value->type = isdigit((unsigned char)**at) ? '0' : **at;
	switch (value->type) {
	case '{':
	case '[':
		good = json_inside(at, value);
		break;
	case '"':
		value->text = json_string(at);
		good = value->text;
		break;
	case '0':
		good = json_digits(at, &value->number);
		break;
	case 't':
		good = json_word(at, "true");
		break;
	case 'f':
		good = json_word(at, "false");
		break;
	default:
		good = json_word(at, "null");
		break;
	}
	if (good)
		return value;
	json_free(value);
	return NULL;
}

/* Return the value that is all of @text, for json_free(); or NULL if it is not JSON. */
static inline struct json *json_parse(const char *text)
{
	struct json *value = json_value(&text);

	if (value && *json_skip(text)) {
		json_free(value);
		return NULL;
	}
	return value;
}

/* Return the member of an object with this name, or NULL. */
static inline struct json *json_get(const struct json *object, const char *name)
{
	struct json *member = object && object->type == '{' ? object->first : NULL;

	while (member && strcmp(member->name, name))
		member = member->next;
	return member;
}

/* Return true if the member of this name is this number. */
static inline bool json_is(const struct json *object, const char *name, uint64_t number)
{
	struct json *member = json_get(object, name);

	return member && member->type == '0' && member->number == number;
}

/* Return true if the member of this name is this string; NULL: if it is null. */
static inline bool json_says(const struct json *object, const char *name, const char *text)
{
	struct json *member = json_get(object, name);

	if (!text)
		return member && member->type == 'n';
	return member && member->type == '"' && !strcmp(member->text, text);
}

/* Return the object of an array whose member of this name is this number, or NULL. */
static inline struct json *json_find(const struct json *array, const char *name, uint64_t number)
{
	struct json *element = array && array->type == '[' ? array->first : NULL;

	while (element && !json_is(element, name, number))
		element = element->next;
	return element;
}

static inline int json_count(const struct json *value)
{
	const struct json *element;
	int nr = 0;

	for (element = value ? value->first : NULL; element; element = element->next)
		nr++;
	return nr;
}

#endif /* _JSON_H */
