// format.ts - numbers as people read them.  What is not known is a dash, never a zero.

import { locale } from '../i18n/index.ts';

export const UNKNOWN = '–';

type Maybe = number | null | undefined;

const known = (value: Maybe): value is number => typeof value === 'number' && Number.isFinite(value);

const formats = new Map<string, Intl.NumberFormat>();

function fixed(value: number, digits: number): string {
    const key = `${locale()} ${digits}`;
    let format = formats.get(key);
    if (format === undefined) {
        format = new Intl.NumberFormat(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits });
        formats.set(key, format);
    }
    return format.format(value);
}

// Three digits that mean something.
function scaled(value: number, units: readonly string[], step = 1000): string {
    let unit = 0;
    while (Math.abs(value) >= step * 0.9995 && unit < units.length - 1) {
        value /= step;
        unit++;
    }
    const digits = unit === 0 || Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
    return `${fixed(value, digits)} ${units[unit]}`;
}

export function count(value: Maybe): string {
    return known(value) ? fixed(value, 0) : UNKNOWN;
}

export function decimal(value: Maybe, digits = 1): string {
    return known(value) ? fixed(value, digits) : UNKNOWN;
}

export function percent(value: Maybe, digits = 0): string {
    return known(value) ? `${fixed(value, digits)} %` : UNKNOWN;
}

export function bytes(value: Maybe): string {
    return known(value) ? scaled(value, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']) : UNKNOWN;
}

export function bitrate(value: Maybe): string {
    return known(value) ? scaled(value, ['b/s', 'kb/s', 'Mb/s', 'Gb/s', 'Tb/s']) : UNKNOWN;
}

const two = (value: number) => String(value).padStart(2, '0');

// 1:02:03, or 2:03 below an hour.
export function clock(ms: Maybe): string {
    if (!known(ms))
        return UNKNOWN;
    const s = Math.max(0, Math.floor(ms / 1000)), minutes = Math.floor(s / 60) % 60, hours = Math.floor(s / 3600);
    return hours > 0 ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}

// The two largest units: "3 d 4 h", "12 min 5 s".
export function duration(ms: Maybe): string {
    if (!known(ms))
        return UNKNOWN;
    const s = Math.max(0, Math.floor(ms / 1000));
    const parts: [number, string][] = [
        [Math.floor(s / 86400), 'd'], [Math.floor(s / 3600) % 24, 'h'], [Math.floor(s / 60) % 60, 'min'], [s % 60, 's'],
    ];
    const first = parts.findIndex(([value]) => value > 0);
    if (first < 0)
        return '0 s';
    return parts.slice(first, first + 2).filter(([value], i) => i === 0 || value > 0)
        .map(([value, unit]) => `${value} ${unit}`).join(' ');
}

export function milliseconds(value: Maybe): string {
    if (!known(value))
        return UNKNOWN;
    return value < 1000 ? `${fixed(value, 0)} ms` : `${fixed(value / 1000, value < 10000 ? 2 : 1)} s`;
}

const stamps = new Map<string, Intl.DateTimeFormat>();

function stamp(time: Date, name: string, options: Intl.DateTimeFormatOptions): string {
    const key = `${locale()} ${name}`;
    let format = stamps.get(key);
    if (format === undefined) {
        format = new Intl.DateTimeFormat(locale(), { hourCycle: 'h23', ...options });
        stamps.set(key, format);
    }
    return format.format(time);
}

const parsed = (time: string | number | Date | null | undefined): Date | null => {
    if (time === null || time === undefined)
        return null;
    const date = time instanceof Date ? time : new Date(time);
    return Number.isNaN(date.getTime()) ? null : date;
};

export function timeOfDay(time: string | number | Date | null | undefined): string {
    const date = parsed(time);
    return date ? stamp(date, 'time', { hour: '2-digit', minute: '2-digit', second: '2-digit' }) : UNKNOWN;
}

export function dateAndTime(time: string | number | Date | null | undefined): string {
    const date = parsed(time);
    return date ? stamp(date, 'both', { dateStyle: 'medium', timeStyle: 'medium' }) : UNKNOWN;
}

export function day(time: string | number | Date | null | undefined): string {
    const date = parsed(time);
    return date ? stamp(date, 'day', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }) : UNKNOWN;
}
