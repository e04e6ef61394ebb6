// client.ts - calls to the API, with the token of who has signed in.

const KEPT = 'millrace.token';

// Another reason than the API's own is a status of 0: nothing has answered.
export class ApiError extends Error {
    readonly status: number;
    readonly code: string;

    constructor(status: number, code: string, message: string) {
        super(message);
        this.status = status;
        this.code = code;
    }
}

// For as long as the tab lives.
let token: string | null = read();

function read(): string | null {
    try {
        return sessionStorage.getItem(KEPT);
    } catch {
        return null;
    }
}

export function setToken(next: string | null): void {
    token = next;
    try {
        if (next === null)
            sessionStorage.removeItem(KEPT);
        else
            sessionStorage.setItem(KEPT, next);
    } catch {
        // It is kept in `token` all the same.
    }
}

export function hasToken(): boolean {
    return token !== null;
}

export function authorization(): Record<string, string> {
    return token === null ? {} : { Authorization: `Bearer ${token}` };
}

export async function errorOf(response: Response): Promise<ApiError> {
    try {
        const { error } = await response.json() as { error?: { code?: string; message?: string } };
        return new ApiError(response.status, error?.code ?? '', error?.message ?? response.statusText);
    } catch {
        return new ApiError(response.status, '', response.statusText);
    }
}

// Who is to ask the user for a name and a password; true if it is worth trying again.
let signIn: (() => Promise<boolean>) | null = null;

export function onUnauthorized(ask: () => Promise<boolean>): void {
    signIn = ask;
}

interface Options {
    body?: unknown;
    signal?: AbortSignal;
    quiet?: boolean;            // an answer of 401 is the caller's matter
}

async function send(method: string, path: string, options: Options): Promise<Response> {
    const request: RequestInit = {
        method,
        cache: 'no-store',
        headers: {
            ...authorization(),
            ...(options.body !== undefined && { 'Content-Type': 'application/json' }),
        },
    };
    if (options.body !== undefined)
        request.body = JSON.stringify(options.body);
    if (options.signal !== undefined)
        request.signal = options.signal;
    try {
        return await fetch(path, request);
    } catch (error) {
        if (options.signal?.aborted)
            throw error;
        throw new ApiError(0, 'unreachable', 'the server does not answer');
    }
}

async function call<Answer>(method: string, path: string, options: Options = {}): Promise<Answer> {
    let response = await send(method, path, options);
    if (response.status === 401 && !options.quiet && signIn !== null && await signIn())
        response = await send(method, path, options);
    if (!response.ok)
        throw await errorOf(response);
    return (response.status === 204 ? undefined : await response.json()) as Answer;
}

export const get = <Answer>(path: string, options?: Options) => call<Answer>('GET', path, options);
export const post = <Answer>(path: string, body: unknown, options?: Options) =>
    call<Answer>('POST', path, { body: body ?? {}, ...options });
export const remove = (path: string, options?: Options) => call<void>('DELETE', path, options);

// "/live/a b" as a part of a path: "live/a%20b".
export function encodePath(streamPath: string): string {
    return streamPath.split('/').filter(part => part !== '').map(encodeURIComponent).join('/');
}
