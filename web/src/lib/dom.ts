// dom.ts - elements, made in one expression.  Text is only ever text: nothing here parses markup.

export type Child = Node | string | number | null | undefined | false;

type Handlers = { [Name in keyof HTMLElementEventMap as `on${Name}`]?: (event: HTMLElementEventMap[Name]) => void };

export type Attributes = Handlers & {
    class?: string | undefined;
    data?: Record<string, string>;
    [name: string]: unknown;
};

function setAttribute(element: Element, name: string, value: unknown): void {
    if (value === undefined || value === null || value === false)
        return;
    if (name.startsWith('on') && typeof value === 'function')
        element.addEventListener(name.slice(2), value as EventListener);
    else if (name === 'data')
        Object.assign((element as HTMLElement).dataset, value);
    else if (name === 'value' || name === 'checked' || name === 'disabled' || name === 'muted')
        (element as unknown as Record<string, unknown>)[name] = value;
    else
        element.setAttribute(name, value === true ? '' : String(value));
}

export function h<Tag extends keyof HTMLElementTagNameMap>(
    tag: Tag, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[Tag] {
    const element = document.createElement(tag);
    append(element, children);              // before `value`, which a <select> has from its options
    for (const [name, value] of Object.entries(attributes))
        setAttribute(element, name, value);
    return element;
}

export function append(parent: Node, children: Child[]): void {
    for (const child of children)
        if (child !== null && child !== undefined && child !== false)
            parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
}

export function replace(parent: Element, ...children: Child[]): void {
    parent.textContent = '';
    append(parent, children);
}

// Writes only what has changed, so that a table of hundreds costs nothing while nothing happens.
export function setText(node: Node, text: string): void {
    if (node.textContent !== text)
        node.textContent = text;
}

export function setClass(element: Element, name: string): void {
    if (element.className !== name)
        element.className = name;
}

export function svg(tag: string, attributes: Record<string, string>, ...children: SVGElement[]): SVGElement {
    const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes))
        element.setAttribute(name, value);
    element.append(...children);
    return element;
}

export function byId<Type extends HTMLElement>(id: string): Type {
    const element = document.getElementById(id);
    if (element === null)
        throw new Error(`the page has no #${id}`);
    return element as Type;
}
