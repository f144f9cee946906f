"""Every class that can be synthesised: its generator, the words for it, and which attributes it can take."""

from collections.abc import Callable
from dataclasses import dataclass

from . import animals, machines, nature, people, signalling


@dataclass(frozen=True)
class SoundClass:
    """One class. ``unseen_phrase`` never enters a training caption: it tests whether the model reads words, not phrases."""

    label: str
    generate: Callable
    phrases: tuple[str, ...]
    unseen_phrase: str
    attributes: str = ""
    texture: bool = False
    held_out: bool = False

    @property
    def takes_pitch(self):
        return "pitch" in self.attributes

    @property
    def takes_pace(self):
        return "pace" in self.attributes


def _texture(label, generate, unseen, *phrases, attributes=""):
    return SoundClass(label, generate, phrases, unseen, attributes, texture=True)


def _event(label, generate, unseen, *phrases, attributes="", held_out=False):
    return SoundClass(label, generate, phrases, unseen, attributes, held_out=held_out)


_ALL = (
    _texture("rain", nature.rain, "rain pouring down on a roof", "rain falling", "rain", "a rain shower", "rain pouring down", "heavy rain on a roof"),
    _texture("wind", nature.wind, "wind blowing and howling", "wind blowing", "wind howling", "a gust of wind", "wind"),
    _texture("sea_waves", nature.sea_waves, "ocean waves on the beach", "sea waves", "waves breaking on the beach", "ocean waves", "the sea", attributes="pace"),
    _event("thunder", nature.thunder, "thunder rolling in a storm", "thunder", "thunder rumbling", "a clap of thunder", "a thunder storm"),
    _texture("stream", nature.stream, "a running brook", "a stream running", "water running in a brook", "a babbling brook", "a stream of water"),
    _event("water_drops", nature.water_drops, "drops of water dripping", "water dripping", "water drops", "drops falling into water", "a dripping tap", attributes="pitch pace"),
    _texture("crackling_fire", nature.crackling_fire, "a camp fire crackling", "a fire crackling", "a crackling fire", "a camp fire", "wood burning and crackling"),
    _event("birdsong", animals.birdsong, "a singing bird", "a bird singing", "birdsong", "a bird chirping", "a small bird whistling", "birds singing", attributes="pitch pace"),
    _event("crickets", animals.crickets, "a cricket chirping at night", "crickets chirping", "a cricket", "crickets at night", "insects chirping", attributes="pitch pace"),
    _event("frog", animals.frog, "a croaking frog", "a frog croaking", "frogs", "a frog", "frogs croaking in a pond", attributes="pitch pace"),
    _event("dog_bark", animals.dog_bark, "a barking dog", "a dog barking", "a dog", "dogs barking", "a dog that barks", attributes="pitch pace"),
    _event("rooster", animals.rooster, "a crowing rooster", "a rooster crowing", "a rooster", "a cock crowing", "a rooster on a farm", attributes="pitch"),
    _event("cat_meow", animals.cat_meow, "a meowing cat", "a cat meowing", "a cat", "a kitten meowing", "a cat that meows", attributes="pitch pace"),
    _texture("bees", animals.bees, "buzzing bees", "bees buzzing", "a swarm of bees", "bees", "insects buzzing", attributes="pitch"),
    _event("crow", animals.crow, "a cawing crow", "a crow cawing", "a crow", "crows calling", "a raven cawing", attributes="pitch pace"),
    _texture("engine", machines.engine, "a motor idling", "an engine idling", "an engine running", "a motor running", "a car engine", attributes="pitch"),
    _texture("helicopter", machines.helicopter, "a helicopter in flight", "a helicopter", "a helicopter flying", "a helicopter hovering", "helicopter rotors in flight", attributes="pace"),
    _texture("chainsaw", machines.chainsaw, "a running chainsaw", "a chainsaw running", "a chainsaw", "a chainsaw cutting wood", "a power saw", attributes="pitch"),
    _event("train", machines.train, "a train on the rails", "a train passing", "a train", "a train on a track", "rails clacking under a train", attributes="pace"),
    _texture("fan", machines.fan, "an electric fan humming", "a fan humming", "an electric fan", "a ventilator humming", "the hum of a fan", attributes="pitch"),
    _event("siren", signalling.siren, "a police siren wailing", "a siren wailing", "a siren", "a police siren", "an ambulance siren", attributes="pitch pace"),
    _event("alarm_beep", signalling.alarm_beep, "a beeping alarm", "an alarm beeping", "an alarm", "electronic beeps", "an alarm clock beeping", attributes="pitch pace"),
    _event("telephone", signalling.telephone, "a ringing telephone", "a telephone ringing", "a telephone", "a phone ringing", "an old phone", attributes="pitch pace"),
    _event("church_bells", signalling.church_bells, "bells of a church ringing", "church bells ringing", "church bells", "a bell tolling", "large bells ringing", attributes="pitch pace"),
    _event("car_horn", signalling.car_horn, "a honking car", "a car horn", "a car honking", "a horn honking", "a car horn blowing", attributes="pitch pace"),
    _event("flute", signalling.flute, "a flute melody", "a flute playing", "a flute", "a melody on a flute", "someone playing the flute", attributes="pitch pace"),
    _event("footsteps", people.footsteps, "someone walking with loud steps", "footsteps", "someone walking", "footsteps on a hard floor", "steps in a corridor", attributes="pace"),
    _event("clapping", people.clapping, "hands that clap", "hands clapping", "clapping", "someone clapping", "a person clapping hands", attributes="pace"),
    _event("knocking", people.knocking, "knocking at a wooden door", "knocking on a door", "a knock at the door", "someone knocking", "knocking on wood", attributes="pace"),
    _event("typing", people.typing, "someone typing on a computer keyboard", "typing on a keyboard", "a keyboard", "someone typing", "keys of a computer keyboard", attributes="pace"),
    _event("clock_tick", people.clock_tick, "a ticking clock", "a clock ticking", "a clock", "the tick of a clock", "a watch ticking", attributes="pace"),
    _event("glass_break", people.glass_break, "a breaking glass", "glass breaking", "a window breaking", "glass shattering", "a glass that shatters"),
    _event("crying_baby", people.crying_baby, "a crying baby", "a baby crying", "a baby", "an infant crying", "a baby that cries", attributes="pitch pace"),
    _event("sneezing", people.sneezing, "a person who sneezes", "someone sneezing", "a sneeze", "a person sneezing", "sneezes"),
    _event("children_laughing", people.children_laughing, "a laughing child", "children laughing", "a child laughing", "laughter", "kids laughing", attributes="pitch pace"),
    _event("owl", animals.owl, "a hooting owl", "an owl hooting", "an owl", "a tawny owl hooting", "an owl at night", attributes="pitch pace", held_out=True),
    _event("laser_zap", machines.laser_zap, "laser shots", "a laser gun", "a laser zapping", "laser zaps", "a science fiction laser", attributes="pitch pace", held_out=True),
    _event("cuckoo_clock", signalling.cuckoo_clock, "a clock with a cuckoo", "a cuckoo clock", "a cuckoo calling from a clock", "a cuckoo clock striking", "the call of a cuckoo clock", attributes="pitch pace", held_out=True),
)

CATALOGUE = {sound.label: sound for sound in _ALL}
CLASSES = tuple(sound.label for sound in _ALL if not sound.held_out)
HELD_OUT = tuple(sound.label for sound in _ALL if sound.held_out)
