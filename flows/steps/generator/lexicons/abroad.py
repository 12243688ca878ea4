"""Names of rooms and things in other languages, as they stand in homes whose people speak English to them."""

from __future__ import annotations

from dataclasses import dataclass

from flows.steps.generator.lexicons import entries


@dataclass(frozen=True)
class Tongue:
    """``things`` maps kinds (things.py) to nouns. ``joined`` has {thing} and {room}: how the language places a thing.

    ``compounds``: it writes both as one word too ("küchelampe").
    """

    rooms: tuple[str, ...]
    things: dict[str, tuple[str, ...]]
    joined: str = "{thing} {room}"
    compounds: bool = False


def _tongue(rooms: str, joined: str = "{thing} {room}", **things: str) -> Tongue:
    return Tongue(entries(rooms), {kind: entries(nouns) for kind, nouns in things.items()}, joined)


_BEFORE = "{room} {thing}"

TONGUES: dict[str, Tongue] = {
    "de": _tongue(
        """küche|wohnzimmer|schlafzimmer|badezimmer|bad|flur|büro|keller|dachboden|kinderzimmer|esszimmer|garten|diele
        |gästezimmer
        |arbeitszimmer|waschküche|abstellraum|speisekammer|wintergarten|terrasse|balkon|hobbyraum|treppenhaus|gäste-wc|ankleide
        |elternzimmer|heizungskeller|werkstatt|carport|stube|vorzimmer""",
        _BEFORE,
        light="stehlampe|deckenlampe|nachttischlampe|licht|leuchte|lichterkette|schreibtischlampe|hängelampe|wandleuchte"
        "|strahler",
        plug="steckdose|zwischenstecker|schalter",
        appliance="kaffeemaschine|wasserkocher|waschmaschine|trockner|spülmaschine|springbrunnen",
        fan="lüfter|ventilator|luftreiniger|dunstabzug", blind="jalousie|rollo|raffstore", curtain="vorhang|gardine",
        shutter="rollladen|rollo", window="dachfenster", lock="haustür|schloss|türschloss",
        heating="heizung|thermostat|heizkörper|fußbodenheizung", cooling="klimaanlage", tv="fernseher",
        speaker="lautsprecher|radio|musikanlage", temperature="temperatur", humidity="luftfeuchtigkeit",
        door_contact="türkontakt", window_contact="fensterkontakt", motion="bewegungsmelder", smoke="rauchmelder",
        garage="garagentor", gate="gartentor", awning="markise",
    ),
    "fr": _tongue(
        """cuisine|salon|chambre|salle de bain|couloir|bureau|cave|grenier|jardin|entrée|terrasse|salle à manger|buanderie
        |chambre d'amis|chambre des enfants|cellier|véranda|dressing|palier|toilettes|garage|atelier|bibliothèque""",
        light="lampe|lampadaire|plafonnier|lumière|guirlande|applique|lustre|veilleuse", plug="prise|interrupteur",
        appliance="cafetière|bouilloire|lave-linge|fontaine", fan="ventilateur|purificateur|hotte", blind="store",
        curtain="rideau|rideaux", shutter="volet|volets", lock="serrure|porte d'entrée|verrou",
        heating="chauffage|radiateur|poêle",
        cooling="clim|climatiseur", tv="télé|téléviseur", speaker="enceinte|radio|chaîne hifi", temperature="température",
        humidity="humidité", motion="détecteur", gate="portail", garage="porte de garage",
    ),
    "es": _tongue(
        """cocina|salón|dormitorio|baño|pasillo|oficina|sótano|jardín|entrada|terraza|comedor|despacho|cuarto de los niños
        |habitación|ático|desván|lavadero|garaje|patio|balcón|recibidor|vestidor|biblioteca""",
        light="lámpara|luz|foco|aplique|guirnalda|bombilla", plug="enchufe|interruptor", appliance="cafetera|lavadora|fuente",
        fan="ventilador|extractor|purificador", blind="estor|persiana", curtain="cortina|cortinas", shutter="persianas",
        lock="cerradura|cerrojo|puerta", heating="calefacción|radiador|termostato", cooling="aire acondicionado",
        tv="tele|televisor", speaker="altavoz|radio|equipo de música", temperature="temperatura", humidity="humedad",
        motion="sensor de movimiento", gate="portón",
    ),
    "it": _tongue(
        """cucina|soggiorno|camera da letto|bagno|corridoio|ufficio|cantina|soffitta|giardino|ingresso|terrazza|sala da pranzo
        |cameretta|studio|lavanderia|ripostiglio|balcone|taverna|mansarda|camera degli ospiti|garage""",
        light="lampada|luce|lampadario|piantana|faretto|plafoniera|abat-jour", plug="presa|interruttore",
        appliance="macchina del caffè|bollitore|lavatrice", fan="ventilatore|cappa", blind="veneziana|tenda a rullo",
        curtain="tenda",
        shutter="tapparella|persiana", lock="serratura|portone", heating="riscaldamento|termosifone|termostato|stufa",
        cooling="condizionatore", tv="tv|televisore", speaker="cassa|radio|stereo", temperature="temperatura", gate="cancello",
    ),
    "nl": _tongue(
        """keuken|woonkamer|slaapkamer|badkamer|gang|kantoor|kelder|zolder|tuin|hal|eetkamer|kinderkamer|logeerkamer|berging
        |bijkeuken|overloop|werkkamer|schuur|serre|dakterras|toilet|garage|speelkamer""",
        _BEFORE,
        light="lamp|staande lamp|plafondlamp|leeslamp|licht|lichtsnoer|spotjes|schemerlamp", plug="stopcontact|schakelaar",
        appliance="koffiezetapparaat|waterkoker|wasmachine|droger|vijverpomp", fan="ventilator|afzuigkap",
        blind="jaloezie|rolgordijn", curtain="gordijn|gordijnen", shutter="rolluik|rolluiken", lock="voordeur|slot|achterdeur",
        heating="verwarming|thermostaat|kachel|radiator", cooling="airco", tv="televisie|tv", speaker="luidspreker|radio",
        temperature="temperatuur", humidity="luchtvochtigheid", motion="bewegingsmelder", smoke="rookmelder",
        awning="zonnescherm",
    ),
    "pl": _tongue(
        """kuchnia|salon|sypialnia|łazienka|korytarz|biuro|piwnica|strych|ogród|przedpokój|jadalnia|pokój dziecięcy|gabinet
        |garderoba|spiżarnia|balkon|taras|garaż|pralnia|pokój gościnny""",
        light="lampa|światło|kinkiet|żyrandol|lampka|taśma led", plug="gniazdko|wtyczka", appliance="ekspres|czajnik|pralka",
        fan="wentylator|okap", blind="żaluzja|roleta", curtain="zasłona|zasłony", shutter="rolety", lock="zamek|drzwi",
        heating="ogrzewanie|grzejnik|termostat", cooling="klimatyzacja", tv="telewizor", speaker="głośnik|radio",
        temperature="temperatura", gate="brama",
    ),
    "sv": _tongue(
        """kök|vardagsrum|sovrum|badrum|hall|kontor|källare|vind|trädgård|matsal|barnrum|gästrum|tvättstuga|förråd|uteplats
        |balkong|altan|arbetsrum|klädkammare|bastu""",
        _BEFORE,
        light="lampa|taklampa|golvlampa|ljusslinga|sänglampa|fönsterlampa|spotlights", plug="uttag|strömbrytare",
        appliance="kaffebryggare|vattenkokare|tvättmaskin", fan="fläkt|luftrenare", blind="persienn|rullgardin",
        curtain="gardin|gardiner", lock="lås|ytterdörr", heating="värme|element|termostat", cooling="luftvärmepump", tv="tv",
        speaker="högtalare|radio", temperature="temperatur", awning="markis",
    ),
    "pt": _tongue(
        """cozinha|sala|quarto|banheiro|corredor|escritório|porão|sótão|jardim|entrada|varanda|sala de jantar
        |quarto das crianças
        |lavanderia|despensa|garagem|área de serviço|quarto de hóspedes|churrasqueira""",
        light="lâmpada|luz|luminária|abajur|lustre|refletor", plug="tomada|interruptor", appliance="cafeteira|máquina de lavar",
        fan="ventilador|exaustor", blind="persiana", curtain="cortina|cortinas", lock="fechadura|porta da frente",
        heating="aquecedor|termostato", cooling="ar-condicionado", tv="televisão|tv", speaker="caixa de som|rádio",
        temperature="temperatura", gate="portão",
    ),
    "tr": _tongue(
        """mutfak|salon|yatak odası|banyo|koridor|ofis|bodrum|çatı katı|bahçe|giriş|teras|yemek odası|çocuk odası|çalışma odası
        |misafir odası|balkon|kiler|garaj|oturma odası""",
        _BEFORE,
        light="lamba|ışık|avize|abajur|spot|gece lambası", plug="priz|fiş",
        appliance="kahve makinesi|su ısıtıcı|çamaşır makinesi",
        fan="vantilatör|aspiratör", blind="jaluzi|stor", curtain="perde|perdeler", shutter="panjur", lock="kilit|dış kapı",
        heating="kalorifer|termostat|soba", cooling="klima", tv="televizyon", speaker="hoparlör|radyo", temperature="sıcaklık",
    ),
    "da": _tongue(
        """køkken|stue|soveværelse|badeværelse|gang|kontor|kælder|loft|have|entré|spisestue|børneværelse|gæsteværelse|bryggers
        |udestue|altan|terrasse|værksted""",
        _BEFORE,
        light="lampe|loftlampe|standerlampe|lys|læselampe|lyskæde", plug="stikkontakt|kontakt", fan="ventilator|emhætte",
        blind="persienne|rullegardin", curtain="gardin|gardiner", lock="lås|hoveddør", heating="varme|radiator|termostat",
        tv="fjernsyn|tv", speaker="højttaler|radio", temperature="temperatur",
    ),
    "nb": _tongue(
        """kjøkken|stue|soverom|bad|gang|kontor|kjeller|loft|hage|spisestue|barnerom|gjesterom|vaskerom|bod|veranda|kjellerstue
        |yttergang|garasje""",
        _BEFORE,
        light="lampe|taklampe|stålampe|lys|leselampe|lyslenke", plug="stikkontakt", fan="vifte", blind="persienne|rullegardin",
        curtain="gardin", lock="lås|ytterdør", heating="varme|panelovn|varmekabler|termostat", cooling="varmepumpe", tv="tv",
        speaker="høyttaler|radio", temperature="temperatur",
    ),
    "fi": _tongue(
        """keittiö|olohuone|makuuhuone|kylpyhuone|eteinen|työhuone|kellari|ullakko|piha|ruokailutila|lastenhuone|vierashuone
        |kodinhoitohuone|parveke|terassi|autotalli|saunatupa""",
        _BEFORE,
        light="lamppu|kattovalo|jalkalamppu|valo|lukuvalo|valosarja", plug="pistorasia", fan="tuuletin", blind="sälekaihdin",
        curtain="verho|verhot", lock="lukko|ulko-ovi", heating="lämmitys|patteri|kiuas", tv="televisio",
        speaker="kaiutin|radio",
        temperature="lämpötila",
    ),
    "cs": _tongue(
        """kuchyň|obývák|ložnice|koupelna|chodba|pracovna|sklep|půda|zahrada|předsíň|jídelna|dětský pokoj|spíž|balkón|terasa
        |garáž|pokoj pro hosty""",
        light="lampa|světlo|lustr|lampička|bodovka", plug="zásuvka", fan="větrák|digestoř", blind="žaluzie|roleta",
        curtain="závěs|záclona", lock="zámek|dveře", heating="topení|radiátor|termostat", tv="televize",
        speaker="reproduktor|rádio",
        temperature="teplota",
    ),
    "hu": _tongue(
        "konyha|nappali|hálószoba|fürdőszoba|folyosó|dolgozószoba|pince|padlás|kert|előszoba|étkező|gyerekszoba|kamra|erkély"
        "|terasz",
        _BEFORE,
        light="lámpa|csillár|állólámpa|fény|olvasólámpa", plug="konnektor", fan="ventilátor", blind="redőny|reluxa",
        curtain="függöny", lock="zár|bejárati ajtó", heating="fűtés|radiátor", tv="tévé", speaker="hangszóró|rádió",
        temperature="hőmérséklet",
    ),
    "ro": _tongue(
        "bucătărie|sufragerie|dormitor|baie|hol|birou|pivniță|mansardă|grădină|camera copiilor|cămară|balcon|terasă|garaj",
        light="lampă|lumină|veioză|lustră|spot", plug="priză", fan="ventilator|hotă", blind="jaluzele|rolete",
        curtain="draperie",
        lock="yală|ușa de la intrare", heating="căldură|calorifer|termostat", tv="televizor", speaker="boxă|radio",
        temperature="temperatură",
    ),
    "ru": _tongue(
        "кухня|гостиная|спальня|ванная|коридор|кабинет|подвал|чердак|сад|прихожая|столовая|детская|кладовая|балкон|терраса"
        "|гараж",
        light="лампа|свет|люстра|торшер|ночник|бра", plug="розетка", fan="вентилятор|вытяжка", blind="жалюзи",
        curtain="штора|шторы",
        lock="замок|дверь", heating="отопление|батарея|термостат", tv="телевизор", speaker="колонка|радио",
        temperature="температура",
    ),
    "el": _tongue(
        "κουζίνα|σαλόνι|υπνοδωμάτιο|μπάνιο|διάδρομος|γραφείο|υπόγειο|κήπος|είσοδος|βεράντα|τραπεζαρία|παιδικό",
        light="φως|λάμπα|φωτιστικό", plug="πρίζα", fan="ανεμιστήρας", curtain="κουρτίνα", lock="κλειδαριά", heating="θέρμανση",
        tv="τηλεόραση", speaker="ηχείο", temperature="θερμοκρασία",
    ),
    "he": _tongue(
        "מטבח|סלון|חדר שינה|אמבטיה|מסדרון|משרד|מרפסת|גינה|חדר ילדים|כניסה",
        light="מנורה|אור|נברשת", fan="מאוורר", blind="תריס", lock="מנעול", cooling="מזגן", tv="טלוויזיה", speaker="רמקול",
    ),
    "ar": _tongue(
        "مطبخ|صالة|غرفة نوم|حمام|ممر|مكتب|شرفة|حديقة|غرفة الأطفال|مدخل",
        light="مصباح|ضوء|ثريا", fan="مروحة", curtain="ستارة", lock="قفل", cooling="مكيف", tv="تلفاز", speaker="سماعة",
    ),
    "ja": _tongue(
        "台所|居間|寝室|浴室|廊下|書斎|庭|玄関|和室|子供部屋",
        _BEFORE,
        light="照明|電気|ランプ", fan="扇風機", curtain="カーテン", lock="鍵", cooling="エアコン",
        tv="テレビ", speaker="スピーカー",
    ),
}  # fmt: skip
COMPOUNDING = ("de", "nl", "sv", "da", "nb", "fi")
# Homes with these are few: their letters cost many tokens, and a request in English seldom says such a name.
RARE = ("ru", "el", "he", "ar", "ja")
