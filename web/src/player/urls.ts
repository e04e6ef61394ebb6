// urls.ts - where a stream is played from and published to.

export interface Place {
    host: string;               // with its port, as the page was reached
    secure: boolean;
    rtmpPort: number;
}

export interface PlayOptions {
    access?: string;            // a query: "sign=..."
    video?: string;             // a track's number, or "none"
    audio?: string;
    start?: string;             // "gop" or "live"
}

// "/live/show" from what people type or paste: a path, a name in /live, a URL of any protocol.
export function streamPathOf(text: string): string | null {
    let path = text.trim();
    const url = /^[a-z][a-z0-9+.-]*:\/\/[^/]+(\/[^?#]*)/i.exec(path);
    if (url !== null)
        path = decode(url[1]!);
    path = path.replace(/[?#].*$/, '').replace(/\.flv$/i, '').replace(/^\/+|\/+$/g, '');
    if (path === '')
        return null;
    if (!path.includes('/'))
        path = `live/${path}`;
    return path.split('/').every(part => part !== '' && !part.startsWith('.')) ? `/${path}` : null;
}

// What is not an escape stands for itself.
export function decode(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

// A sign as a query, from what people paste: a sign alone, a query, or a URL that has one.
export function accessOf(text: string): string {
    let query = text.trim();
    const mark = query.indexOf('?');
    if (mark >= 0)
        query = query.slice(mark + 1);
    query = query.replace(/#.*$/, '');
    if (query !== '' && !/^[A-Za-z_][\w.-]*=/.test(query))
        query = `sign=${encodeURIComponent(query)}`;
    return query;
}

function encoded(streamPath: string): string {
    return streamPath.split('/').map(encodeURIComponent).join('/');
}

function queryOf(options: PlayOptions): string {
    const parts = options.access ? [options.access] : [];
    for (const name of ['video', 'audio'] as const)
        if (options[name])
            parts.push(`${name}=${encodeURIComponent(options[name]!)}`);
    if (options.start && options.start !== 'gop')
        parts.push(`start=${options.start}`);
    return parts.length > 0 ? `?${parts.join('&')}` : '';
}

export function httpUrl(place: Place, streamPath: string, options: PlayOptions = {}): string {
    return `${place.secure ? 'https' : 'http'}://${place.host}${encoded(streamPath)}.flv${queryOf(options)}`;
}

export function wsUrl(place: Place, streamPath: string, options: PlayOptions = {}): string {
    return `${place.secure ? 'wss' : 'ws'}://${place.host}${encoded(streamPath)}.flv${queryOf(options)}`;
}

function rtmpHost(place: Place): string {
    const name = place.host.replace(/:\d+$/, '');
    return place.rtmpPort === 1935 ? name : `${name}:${place.rtmpPort}`;
}

export function rtmpUrl(place: Place, streamPath: string, options: PlayOptions = {}): string {
    return `rtmp://${rtmpHost(place)}${encoded(streamPath)}${queryOf(options)}`;
}

// OBS wants the app and the name apart.
export function obsLines(place: Place, streamPath: string, access = ''): { server: string; key: string } {
    const [, app, ...rest] = streamPath.split('/');
    return {
        server: `rtmp://${rtmpHost(place)}/${encodeURIComponent(app ?? 'live')}`,
        key: rest.map(encodeURIComponent).join('/') + (access === '' ? '' : `?${access}`),
    };
}

// For a shell: within single quotes nothing but the quote itself is special.
export function quoted(text: string): string {
    return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function ffmpegLine(place: Place, streamPath: string, access = ''): string {
    const url = rtmpUrl(place, streamPath, { access });
    return `ffmpeg -re -i FILE -c:v libx264 -preset veryfast -tune zerolatency -g 60 -c:a aac -f flv ${quoted(url)}`;
}

export function ffplayLine(place: Place, streamPath: string, options: PlayOptions = {}): string {
    return `ffplay -fflags nobuffer ${quoted(httpUrl(place, streamPath, options))}`;
}
