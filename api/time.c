#include "api/time.h"

#include "base/err.h"

#include <stdbool.h>
#include <string.h>

// Days since the Unix epoch of a date in the proleptic Gregorian calendar, and back: Hinnant,
// "chrono-Compatible Low-Level Date Algorithms". Years begin in March, so that the leap day is
// the last of its year.
static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static char *put_digits(char *out, int count, int value, char separator)
{
    for (int i = count - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    out[count] = separator;
    return out + count + 1;
}

void api_time_format(int64_t wall_ms, char out[API_TIME_LEN + 1])
{
    const int64_t day_ms = 86400000;
    int64_t days = (wall_ms >= 0 ? wall_ms : wall_ms - day_ms + 1) / day_ms;
    int rest = (int)(wall_ms - days * day_ms);
    int year, month, day;
    date_of(days, &year, &month, &day);
    // The form has four digits for the year; of another one the last are written.
    out = put_digits(out, 4, year < 0 ? 0 : year, '-');
    out = put_digits(out, 2, month, '-');
    out = put_digits(out, 2, day, 'T');
    out = put_digits(out, 2, rest / 3600000, ':');
    out = put_digits(out, 2, rest / 60000 % 60, ':');
    out = put_digits(out, 2, rest / 1000 % 60, '.');
    out = put_digits(out, 3, rest % 1000, 'Z');
    *out = 0;
}

// `count` digits and the separator behind them, unless it is 0.
static bool take_digits(const char **p, int count, char separator, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        char c = *(*p)++;
        if (c < '0' || c > '9') {
            (*p)--; // may be the end of the text
            return false;
        }
        *value = *value * 10 + (c - '0');
    }
    if (!separator)
        return true;
    if (**p != separator)
        return false;
    (*p)++;
    return true;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static bool take_fraction(const char **p, int *ms)
{
    *ms = 0;
    if (**p != '.')
        return true;
    (*p)++;
    int digits = 0;
    for (; **p >= '0' && **p <= '9'; (*p)++) {
        if (digits < 3)
            *ms = *ms * 10 + (**p - '0');
        digits++;
    }
    for (int i = digits; i < 3; i++)
        *ms *= 10;
    return digits > 0;
}

// "Z" or "+05:30". A plus that was not escaped in a query arrives as a space.
static bool take_offset(const char **p, int *minutes)
{
    *minutes = 0;
    char sign = *(*p);
    if (!sign)
        return false;
    (*p)++;
    if (sign == 'Z' || sign == 'z')
        return true;
    int hours, rest;
    if (!strchr("+- ", sign) || !take_digits(p, 2, ':', &hours) || !take_digits(p, 2, 0, &rest))
        return false;
    *minutes = (hours * 60 + rest) * (sign == '-' ? -1 : 1);
    return hours < 24 && rest < 60;
}

int api_time_parse(const char *text, int64_t *wall_ms)
{
    const char *p = text;
    int year, month, day, hour, minute, second, ms, offset;
    if (!take_digits(&p, 4, '-', &year) || !take_digits(&p, 2, '-', &month) ||
        !take_digits(&p, 2, 0, &day) || (*p != 'T' && *p != 't'))
        return ERR_MALFORMED;
    p++;
    if (!take_digits(&p, 2, ':', &hour) || !take_digits(&p, 2, ':', &minute) ||
        !take_digits(&p, 2, 0, &second) || !take_fraction(&p, &ms) ||
        !take_offset(&p, &offset) || *p)
        return ERR_MALFORMED;
    if (month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour > 23 ||
        minute > 59 || second > 60)
        return ERR_MALFORMED;
    int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *wall_ms = (seconds - offset * 60) * 1000 + ms;
    return 0;
}
