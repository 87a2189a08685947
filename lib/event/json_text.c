#include "lib/event/json_text.h"

/* What is left to read. */
struct cursor {
    const char *at;
    const char *end;
};

/* The brackets that are open, a bit for each: 1 is an object. */
struct nesting {
    uint8_t *bits;
    size_t depth;
};

static void nesting_push(struct nesting *nesting, char bracket)
{
    uint8_t bit = (uint8_t)(1u << (nesting->depth % 8));
    uint8_t *byte = &nesting->bits[nesting->depth / 8];

    *byte = bracket == '{' ? (uint8_t)(*byte | bit) : (uint8_t)(*byte & ~bit);
    nesting->depth++;
}

static bool nesting_in_object(const struct nesting *nesting)
{
    size_t top = nesting->depth - 1;
    return (nesting->bits[top / 8] >> (top % 8)) & 1;
}

static bool nesting_pop(struct nesting *nesting, char bracket)
{
    if (nesting->depth == 0 || nesting_in_object(nesting) != (bracket == '}'))
        return false;
    nesting->depth--;
    return true;
}

bool json_kind_of(struct span value, enum json_kind *ret_kind, struct number *ret_number)
{
    if (value.size == 0)
        return false;
    switch (value.data[0]) {
    case '"':
        *ret_kind = JSON_STRING;
        return value.size >= 2 && value.data[value.size - 1] == '"';
    case '{':
    case '[':
        *ret_kind = JSON_ARRAY_OR_OBJECT;
        return true;
    case 'n':
        *ret_kind = JSON_NULL;
        return span_equal(value, span_of("null"));
    case 't':
        *ret_kind = JSON_BOOL;
        return span_equal(value, span_of("true"));
    case 'f':
        *ret_kind = JSON_BOOL;
        return span_equal(value, span_of("false"));
    default:
        *ret_kind = JSON_NUMBER;
        return number_scan(value, ret_number);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four digits of \uXXXX. */
static bool take_hex(struct cursor *in, uint32_t *ret_unit)
{
    uint32_t unit = 0;

    if (in->end - in->at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*in->at++);
        if (digit < 0)
            return false;
        unit = unit << 4 | (uint32_t)digit;
    }
    *ret_unit = unit;
    return true;
}

static bool take_unicode(struct cursor *in, uint32_t *ret_code)
{
    uint32_t high, low;

    if (!take_hex(in, &high))
        return false;
    if (high < 0xD800 || high > 0xDFFF) {
        *ret_code = high;
        return true;
    }
    if (high > 0xDBFF || in->end - in->at < 2 || in->at[0] != '\\' || in->at[1] != 'u')
        return false;
    in->at += 2;
    if (!take_hex(in, &low) || low < 0xDC00 || low > 0xDFFF)
        return false;
    *ret_code = 0x10000 + ((high - 0xD800) << 10 | (low - 0xDC00));
    return true;
}

/* What an escape stands for; the cursor is behind its backslash. */
static bool take_escape(struct cursor *in, uint32_t *ret_code)
{
    static const char letters[] = "\"\\/bfnrt", codes[] = "\"\\/\b\f\n\r\t";
    const char *letter;

    if (in->at == in->end)
        return false;
    if (*in->at == 'u') {
        in->at++;
        return take_unicode(in, ret_code);
    }
    letter = memchr(letters, *in->at++, sizeof(letters) - 1);
    if (!letter)
        return false;
    *ret_code = (uint32_t)codes[letter - letters];
    return true;
}

static size_t encode_utf8(uint32_t code, char ret_bytes[4])
{
    static const uint8_t leads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = size - 1; i > 0; i--) {
        ret_bytes[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    ret_bytes[0] = (char)(leads[size] | code);
    return size;
}

bool json_unescape(struct span raw, char *ret_text, size_t *ret_size)
{
    struct cursor in = {raw.data, raw.data + raw.size};
    size_t size = 0;

    while (in.at < in.end) {
        const char *backslash = memchr(in.at, '\\', (size_t)(in.end - in.at));
        size_t plain = (size_t)((backslash ? backslash : in.end) - in.at);
        char bytes[4];
        uint32_t code;

        if (ret_text)
            memmove(ret_text + size, in.at, plain);
        size += plain;
        in.at += plain;
        if (!backslash)
            break;
        in.at++;
        if (!take_escape(&in, &code))
            return false;
        plain = encode_utf8(code, bytes);
        if (ret_text)
            memcpy(ret_text + size, bytes, plain);
        size += plain;
    }
    *ret_size = size;
    return true;
}

/* Moves past a string; the cursor is behind its opening quote. *ret_raw is what stands between the quotes. */
static bool pass_string(struct cursor *in, struct span *ret_raw)
{
    const char *start = in->at;

    for (; in->at < in->end && *in->at != '"'; in->at++)
        if (*in->at == '\\' && ++in->at == in->end)
            return false;
    if (in->at == in->end)
        return false;
    *ret_raw = span_from(start, (size_t)(in->at - start));
    in->at++;
    return true;
}

static void pass_space(struct cursor *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\n' || *in->at == '\r' || *in->at == '\t'))
        in->at++;
}

static bool pass_char(struct cursor *in, char c)
{
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

static bool check_string(struct cursor *in)
{
    struct span raw;
    size_t size;

    return pass_char(in, '"') && pass_string(in, &raw) && json_unescape(raw, NULL, &size);
}

static bool check_name(struct cursor *in)
{
    pass_space(in);
    if (!check_string(in))
        return false;
    pass_space(in);
    return pass_char(in, ':');
}

static bool check_scalar(struct cursor *in)
{
    const char *start = in->at;
    struct number number;
    enum json_kind kind;

    if (in->at < in->end && *in->at == '"')
        return check_string(in);
    while (in->at < in->end && !memchr(" \n\r\t,:]}[{\"", *in->at, 11))
        in->at++;
    return json_kind_of(span_from(start, (size_t)(in->at - start)), &kind, &number);
}

/*
 * Reads from where a value must start down to the first scalar or empty array or object, opening brackets on
 * the way.
 */
static bool check_down(struct cursor *in, struct nesting *nesting)
{
    for (;;) {
        char bracket;

        pass_space(in);
        if (in->at == in->end || (*in->at != '{' && *in->at != '['))
            return check_scalar(in);
        bracket = *in->at++;
        nesting_push(nesting, bracket);
        pass_space(in);
        if (pass_char(in, bracket == '{' ? '}' : ']')) {
            nesting->depth--;
            return true;
        }
        if (bracket == '{' && !check_name(in))
            return false;
    }
}

/* Reads from the end of a value on, closing brackets, to where the next one must start or the outermost is
 * closed. */
static bool check_up(struct cursor *in, struct nesting *nesting)
{
    while (nesting->depth > 0) {
        pass_space(in);
        if (pass_char(in, ','))
            return !nesting_in_object(nesting) || check_name(in);
        if (!pass_char(in, nesting_in_object(nesting) ? '}' : ']'))
            return false;
        nesting->depth--;
    }
    return true;
}

bool json_check(struct span text, uint8_t *nesting, size_t *ret_size)
{
    struct cursor in = {text.data, text.data + text.size};
    struct nesting open = {.bits = nesting};

    do {
        if (!check_down(&in, &open) || !check_up(&in, &open))
            return false;
    } while (open.depth > 0);
    *ret_size = (size_t)(in.at - text.data);
    return true;
}

static bool skip_brackets(struct cursor *in, struct nesting *nesting)
{
    struct span raw;

    do {
        char c;

        if (in->at == in->end)
            return false;
        c = *in->at++;
        if (c == '{' || c == '[')
            nesting_push(nesting, c);
        else if ((c == '}' || c == ']') && !nesting_pop(nesting, c))
            return false;
        else if (c == '\\' || (c == '"' && !pass_string(in, &raw)))
            return false;
    } while (nesting->depth > 0);
    return true;
}

bool json_skippable(struct span value, uint8_t *nesting)
{
    struct cursor in = {value.data, value.data + value.size};
    struct nesting open = {.bits = nesting};

    if (value.size == 0)
        return false;
    if (*in.at == '{' || *in.at == '[')
        return skip_brackets(&in, &open);
    if (*in.at == '"')
        return true;
    /* A backslash in a bare word hides a quote from simdjson, which would then see strings where there are
     * none. */
    for (; in.at < in.end; in.at++)
        if (*in.at == '\\' || *in.at == '"')
            return false;
    return true;
}

/* Moves past a value of which nothing is asked but where it ends. */
static bool pass_value(struct cursor *in, uint8_t *nesting, struct span *ret_raw)
{
    const char *start = in->at;
    struct nesting open = {.bits = nesting};
    struct span raw;

    if (pass_char(in, '"')) {
        if (!pass_string(in, &raw))
            return false;
    } else if (in->at < in->end && (*in->at == '{' || *in->at == '[')) {
        if (!skip_brackets(in, &open))
            return false;
    } else {
        for (; in->at < in->end && !memchr(" \n\r\t,]}", *in->at, 7); in->at++)
            if (memchr("\\\"[{:", *in->at, 5))
                return false;
    }
    *ret_raw = span_from(start, (size_t)(in->at - start));
    return in->at > start;
}

static bool pass_name(struct cursor *in, struct span *ret_name)
{
    if (!pass_char(in, '"') || !pass_string(in, ret_name))
        return false;
    pass_space(in);
    return pass_char(in, ':');
}

bool json_parts(struct span text, uint8_t *nesting, json_part_fn on_part, void *context)
{
    struct cursor in = {text.data + 1, text.data + text.size};
    bool object = text.data[0] == '{';
    char closing = object ? '}' : ']';

    pass_space(&in);
    if (pass_char(&in, closing))
        return true;
    do {
        struct span name = {NULL, 0}, raw;

        pass_space(&in);
        if (object && !pass_name(&in, &name))
            return false;
        pass_space(&in);
        if (!pass_value(&in, nesting, &raw) || !on_part(context, name, raw))
            return false;
        pass_space(&in);
    } while (pass_char(&in, ','));
    return pass_char(&in, closing);
}
