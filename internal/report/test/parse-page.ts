import { type DefaultTreeAdapterTypes, type ParserError, parse } from 'parse5';

export type Element = DefaultTreeAdapterTypes.Element;
type Node = DefaultTreeAdapterTypes.Node;

/** A page as a browser parses it. */
export interface Page {
  readonly html: string;
  /** The errors that the HTML standard's parser corrected. */
  readonly errors: readonly string[];
  readonly elements: readonly Element[];
  /** The elements with this name and all of these classes. */
  find(name: string, ...classes: readonly string[]): Element[];
}

const childrenOf = (node: Node): Node[] => ('childNodes' in node ? node.childNodes : []);

function elementsIn(node: Node): Element[] {
  const own = 'tagName' in node ? [node] : [];
  return [...own, ...childrenOf(node).flatMap(elementsIn)];
}

export const attribute = (element: Element | undefined, name: string) =>
  element?.attrs.find((each) => each.name === name)?.value;

export const isOfClass = (element: Element, name: string) =>
  (attribute(element, 'class') ?? '').split(' ').includes(name);

function rawText(node: Node): string {
  return 'value' in node ? node.value : childrenOf(node).map(rawText).join('');
}

/** The visible text of a node; a line break is a space. */
export function textOf(node: Node | undefined): string {
  return node === undefined ? '' : rawText(node).replace(/\s+/g, ' ');
}

export const within = (element: Element, name: string): Element[] =>
  elementsIn(element).filter(({ tagName }) => tagName === name);

/** Parses as the HTML standard says, and records errors that a browser would ignore. */
export function parsePage(html: string): Page {
  const errors: string[] = [];
  const onParseError = ({ code, startLine, startCol }: ParserError) =>
    errors.push(`${code} at ${startLine}:${startCol}`);
  const elements = elementsIn(parse(html, { onParseError, sourceCodeLocationInfo: true }));
  const find = (name: string, ...classes: readonly string[]) =>
    elements.filter(
      (element) => element.tagName === name && classes.every((each) => isOfClass(element, each)),
    );
  return { html, errors, elements, find };
}
