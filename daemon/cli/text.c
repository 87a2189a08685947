#include "daemon/cli/text.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/cli/cli.h"
#include "lib/base/json.h"
#include "lib/base/money.h"
#include "lib/base/tz.h"

#define MICRO INT64_C(1000000)
#define DAY_MS_TEXT INT64_C(86400000)

static bool is_control(struct span text, size_t i)
{
    unsigned char byte = (unsigned char)text.data[i];
    bool c1 = byte == 0xc2 && i + 1 < text.size && (unsigned char)text.data[i + 1] < 0xa0;
    return byte < 0x20 || byte == 0x7f || c1;
}

void text_safe(struct buffer *buffer, struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (is_control(text, i))
            buffer_printf(buffer, "\\x%02X", (unsigned char)text.data[i]);
        else
            buffer_append(buffer, text.data + i, 1);
    }
}

static bool starts_column(unsigned char byte)
{
    return (byte & 0xc0) != 0x80;
}

size_t text_columns(struct span text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.size; i++)
        n += is_control(text, i) ? 4 : starts_column((unsigned char)text.data[i]);
    return n;
}

void text_padded(struct buffer *buffer, struct span text, size_t columns, bool right)
{
    size_t n = text_columns(text);
    for (size_t i = n; right && i < columns; i++)
        buffer_append_u8(buffer, ' ');
    if (n <= columns) {
        text_safe(buffer, text);
    } else {
        size_t end = 0, used = 0;
        while (end < text.size) {
            size_t next = end + 1;
            while (next < text.size && !starts_column((unsigned char)text.data[next]))
                next++;
            used += is_control(text, end) ? 4 : 1;
            if (used >= columns)
                break;
            end = next;
        }
        text_safe(buffer, span_from(text.data, end));
        buffer_append_text(buffer, "…");
    }
    for (size_t i = n; !right && i < columns; i++)
        buffer_append_u8(buffer, ' ');
}

void text_money(struct buffer *buffer, int64_t micros)
{
    int64_t cents;
    if (!divide_half_even(micros, MICRO / 100, &cents))
        return; /* never: it is less than micros */
    uint64_t amount = cents < 0 ? 0 - (uint64_t)cents : (uint64_t)cents;
    char digits[24];
    int n = snprintf(digits, sizeof(digits), "%" PRIu64, amount / 100);
    if (cents < 0)
        buffer_append_u8(buffer, '-');
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            buffer_append_u8(buffer, ' ');
        buffer_append_u8(buffer, (uint8_t)digits[i]);
    }
    buffer_printf(buffer, ".%02" PRIu64, amount % 100);
}

void text_percent(struct buffer *buffer, struct span ratio)
{
    int64_t micro, tenths;
    bool negative;
    if (money_parse(ratio, &micro, &negative) || !divide_half_even((__int128)micro * 1000, MICRO, &tenths)) {
        buffer_append_text(buffer, "-");
        return;
    }
    uint64_t amount = tenths < 0 ? 0 - (uint64_t)tenths : (uint64_t)tenths;
    const char *sign = tenths < 0 ? "-" : tenths ? "+" : "";
    buffer_printf(buffer, "%s%" PRIu64 ".%" PRIu64 " %%", sign, amount / 10, amount % 10);
}

void text_time(struct buffer *buffer, int64_t at_ms)
{
    int64_t date = at_ms / DAY_MS_TEXT - (at_ms % DAY_MS_TEXT < 0);
    int64_t second = (at_ms - date * DAY_MS_TEXT) / 1000;
    int32_t year, month, day;
    civil_from_date(date, &year, &month, &day);
    buffer_printf(buffer, "%04" PRId32 "-%02" PRId32 "-%02" PRId32 " %02" PRId64 ":%02" PRId64 ":%02" PRId64,
                  year, month, day, second / 3600, second / 60 % 60, second % 60);
}

void text_spark(struct buffer *buffer, int64_t value, int64_t low, int64_t high)
{
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    size_t step = ARRAY_SIZE(blocks) / 2;
    if (high > low)
        step = (size_t)((__int128)(value - low) * (int64_t)(ARRAY_SIZE(blocks) - 1) / (high - low));
    buffer_append_text(buffer, blocks[step]);
}

static int output_failed(int error)
{
    fprintf(stderr, "roiwatch: the output cannot be written: %s\n", strerror(error));
    return CLI_FAILED;
}

int text_finish(void)
{
    errno = EIO; /* where an earlier write failed, its reason is gone */
    if (fflush(stdout) == 0 && !ferror(stdout))
        return CLI_OK;
    return output_failed(errno);
}

int text_write(struct buffer *buffer)
{
    int r = CLI_OK;
    if (buffer_status(buffer))
        r = output_failed(ENOMEM);
    else if (buffer->size && fwrite(buffer->data, 1, buffer->size, stdout) != buffer->size)
        r = output_failed(errno);
    buffer_clear(buffer);
    return r;
}

int text_flush(struct buffer *buffer)
{
    int r = text_write(buffer);
    return r ? r : text_finish();
}

int text_watch(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO};
    bool gone = poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLNVAL));
    return gone ? output_failed(EPIPE) : CLI_OK;
}
