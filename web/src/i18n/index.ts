// index.ts - the language of the page: chosen here, by the browser's, or English.

import { english } from './en.ts';
import { chinese } from './zh.ts';

export type Language = 'en' | 'zh';
export type Key = keyof typeof english;

const KEPT = 'millrace.language';

// Storage may be forbidden to a page; then nothing is remembered.
export function recall(key: string): string | null {
    try {
        return localStorage.getItem(key);
    } catch {
        return null;
    }
}

export function remember(key: string, value: string | null): void {
    try {
        if (value === null)
            localStorage.removeItem(key);
        else
            localStorage.setItem(key, value);
    } catch {
        // As if it had never been asked.
    }
}

function choose(): Language {
    const kept = typeof localStorage === 'undefined' ? null : recall(KEPT);
    if (kept === 'en' || kept === 'zh')
        return kept;
    const wanted = typeof navigator === 'undefined' ? [] : navigator.languages ?? [navigator.language];
    for (const each of wanted) {
        if (/^zh\b/i.test(each))
            return 'zh';
        if (/^en\b/i.test(each))
            return 'en';
    }
    return 'en';
}

export const language: Language = choose();

// For numbers and dates.
export function locale(): string {
    return language === 'zh' ? 'zh-CN' : 'en-GB';
}

// The page begins anew: it is where it was, since what it shows stands in its address.
export function setLanguage(next: Language): void {
    remember(KEPT, next);
    location.reload();
}

// The text of that name, with {words} put in; of "one|more", which of the two depends on {count}.
export function t(key: Key, words: Record<string, string | number> = {}): string {
    const [one, more]: string[] = (language === 'zh' ? chinese : english)[key].split('|');
    const text = more === undefined || String(words['count']) === '1' ? one! : more;
    return text.replace(/\{(\w+)\}/g, (whole, word: string) => String(words[word] ?? whole));
}
