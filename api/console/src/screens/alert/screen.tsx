import type { ReactElement } from 'react';
import { Link, useParams } from 'react-router';
import paths from '../../../paths.json';
import { useWords } from '../../words/catalogue';
import { Opened } from './Drawer';
import { words } from './words';

/** S2 as a page of its own: on a phone, and by its address, which holds nothing but an opaque id. */
export default function AlertPage(): ReactElement {
  const t = useWords(words);
  const { id = '' } = useParams();
  return (
    <article className="alert-page">
      <p>
        <Link to={paths.queue}>{t.back}</Link>
      </p>
      <h1>{t.alert}</h1>
      <Opened id={id} />
    </article>
  );
}
