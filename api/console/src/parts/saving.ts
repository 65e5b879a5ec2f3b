import { Refusal, Unreachable } from '../contract/client';

type Asked = Promise<{ data?: unknown; error?: unknown; response: Response }>;
export type Got = { status: number; said: unknown };

/** Save what a request answers as a file under the name it gives; an answer that is no file is returned. Throws as told does. */
export async function saved(asked: Asked, name: string): Promise<Got> {
  let answer: Awaited<Asked>;
  try {
    answer = await asked;
  } catch (failure) {
    throw failure instanceof TypeError ? new Unreachable(failure.message) : failure;
  }
  const { response, data, error } = answer;
  if (!response.ok) throw new Refusal(response, await problem(error));
  if (data instanceof Blob && !data.type.includes('json')) {
    keep(data, named(response) ?? name);
    return { status: response.status, said: null };
  }
  return { status: response.status, said: data instanceof Blob ? JSON.parse(await data.text()) : data };
}

async function problem(error: unknown): Promise<unknown> {
  if (!(error instanceof Blob)) return error;
  try {
    return JSON.parse(await error.text());
  } catch {
    return null;
  }
}

function named(response: Response): string | undefined {
  return response.headers.get('Content-Disposition')?.match(/filename="([^"]+)"/)?.[1];
}

function keep(data: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(data);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
