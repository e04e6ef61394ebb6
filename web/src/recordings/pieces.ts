// pieces.ts - what was recorded of a stream, as stretches of time; and back and forth between the time
// of day and the time of a player, for whom the gaps between them are not there.

import type { RecordFile } from '../api/types.ts';

export interface Piece {
    startMs: number;            // since 1970
    endMs: number;
}

// Files that follow each other closer than this are one stretch: a segment's end is the next one's start.
const JOIN_MS = 1500;

export function endOf(file: RecordFile): number {
    const end = file.endTime === null ? NaN : Date.parse(file.endTime);
    return Number.isNaN(end) ? Date.parse(file.startTime) + file.durationMs : end;
}

export function piecesOf(files: readonly RecordFile[]): Piece[] {
    const pieces: Piece[] = [];
    const sorted = files.map(file => ({ startMs: Date.parse(file.startTime), endMs: endOf(file) }))
        .filter(piece => piece.endMs > piece.startMs).sort((a, b) => a.startMs - b.startMs);
    for (const piece of sorted) {
        const last = pieces.at(-1);
        if (last !== undefined && piece.startMs - last.endMs <= JOIN_MS)
            last.endMs = Math.max(last.endMs, piece.endMs);
        else
            pieces.push({ ...piece });
    }
    return pieces;
}

// The first moment at or after `ms` that was recorded; null: there is none.
export function recordedAt(pieces: readonly Piece[], ms: number): number | null {
    for (const piece of pieces)
        if (ms < piece.endMs)
            return Math.max(ms, piece.startMs);
    return null;
}

// What time of day it was when a player that began at `fromMs` has played for `playedMs`.
export function clockTime(pieces: readonly Piece[], fromMs: number, playedMs: number): number {
    let left = playedMs, at = fromMs;
    for (const piece of pieces) {
        if (piece.endMs <= fromMs)
            continue;
        at = Math.max(fromMs, piece.startMs);
        if (left <= piece.endMs - at)
            return at + left;
        left -= piece.endMs - at;
        at = piece.endMs;
    }
    return at;
}

// The other way round; null: not recorded, or before the player's beginning.
export function playedTime(pieces: readonly Piece[], fromMs: number, clockMs: number): number | null {
    let played = 0;
    if (clockMs < fromMs)
        return null;
    for (const piece of pieces) {
        if (piece.endMs <= fromMs)
            continue;
        const start = Math.max(fromMs, piece.startMs);
        if (clockMs < start)
            return null;
        if (clockMs < piece.endMs)
            return played + clockMs - start;
        played += piece.endMs - start;
    }
    return null;
}

// Days are the reader's own: midnight to midnight, 23 or 25 hours when the clocks change.

export function dayStart(ms: number): number {
    const date = new Date(ms);
    return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

export function addDays(ms: number, days: number): number {
    const date = new Date(ms);
    return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}

// "2026-11-22", as an <input type="date"> has it.
export function dayName(ms: number): string {
    const date = new Date(ms), two = (value: number) => String(value).padStart(2, '0');
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function dayOf(name: string): number | null {
    const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(name);
    const time = match === null ? NaN : new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3])).getTime();
    return Number.isNaN(time) ? null : time;
}

// How much of a day was recorded, 0 to 1.
export function share(pieces: readonly Piece[], startMs: number, endMs: number): number {
    const covered = pieces.reduce((sum, piece) =>
        sum + Math.max(0, Math.min(piece.endMs, endMs) - Math.max(piece.startMs, startMs)), 0);
    return covered / (endMs - startMs);
}
