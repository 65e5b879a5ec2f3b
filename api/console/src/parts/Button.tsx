import { Button as Plain } from 'antd';
import type { ComponentProps, ReactElement } from 'react';

type Props = ComponentProps<typeof Plain>;

/** A button; while what it did is under way it takes no press, says so to everybody, and keeps its name and the focus. */
export function Button(props: Props): ReactElement {
  const busy = Boolean(props.loading);
  return <Plain aria-disabled={busy || undefined} aria-busy={busy || undefined} {...props} />;
}
