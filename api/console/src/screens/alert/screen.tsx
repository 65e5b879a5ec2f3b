import type { ReactElement } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { useWords } from '../../words/catalogue';
import { TakeNext } from '../queue/TakeNext';
import { useAlert } from './asked';
import { Opened } from './Drawer';
import { words } from './words';

/** S2 as a page of its own: on a phone, and by its address, which holds nothing but an opaque id. */
export default function AlertPage(): ReactElement {
  const t = useWords(words);
  const may = useMay();
  const go = useNavigate();
  const { id = '' } = useParams();
  const { data } = useAlert(id);
  return (
    <article className="alert-page">
      <p>
        <Link to={paths.queue}>{t.back}</Link>{' '}
        {may('alert.work') ? (
          <TakeNext current={data?.said} narrow={{}} onOpen={(one) => void go(paths.alert.replace(':id', one.id))} />
        ) : null}
      </p>
      <h1>{t.alert}</h1>
      <Opened id={id} />
    </article>
  );
}
